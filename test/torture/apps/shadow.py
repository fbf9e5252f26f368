"""Official Redis savers whose every put is kept in the official in-memory saver as well: what the application ever wrote, in plain memory."""
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from langgraph.checkpoint.redis.ashallow import AsyncShallowRedisSaver

TASKS = "__pregel_tasks"
memory = InMemorySaver()
# Threads whose application has been stopped, and those that are finished on Redis only to see where they end.
unrecorded = set()


# Threads → channels that a checkpoint was written without, by its id, because its keys went while the saver was reading them one by one.
torn = {}
# Threads → tasks whose writes were on their way when the application was stopped or lost patience: they may be there or not.
doubtful = {}


def note_torn(saved, checkpoint):
    kept = memory.get_tuple(saved).checkpoint["channel_values"]
    if missing := kept.keys() - checkpoint["channel_values"].keys():
        torn.setdefault(saved["configurable"]["thread_id"], {})[checkpoint["id"]] = missing


class Shadowed:
    async def aput(self, config, checkpoint, metadata, new_versions):
        saved = await super().aput(config, *self.as_written(checkpoint, metadata, new_versions))
        if config["configurable"]["thread_id"] not in unrecorded:
            memory.put(config, checkpoint, metadata, new_versions)
            note_torn(saved, checkpoint)
        return saved

    async def aput_writes(self, config, writes, task_id, task_path=""):
        thread = config["configurable"]["thread_id"]
        attempts = doubtful.setdefault(thread, set())
        attempts.add(task_id)
        await super().aput_writes(config, writes, task_id, task_path)
        attempts.discard(task_id)
        if thread not in unrecorded:
            memory.put_writes(config, writes, task_id, task_path)

    def as_written(self, checkpoint, metadata, new_versions):
        return checkpoint, metadata, new_versions


class Full(Shadowed, AsyncRedisSaver):
    pass


class Shallow(Shadowed, AsyncShallowRedisSaver):
    pass


class EarlyFormat(Full):
    """Format 3, as langgraph before 0.5 had it: what a step sends stands only among the writes of the checkpoint before."""

    def as_written(self, checkpoint, metadata, new_versions):
        def without(channels):
            return {channel: value for channel, value in channels.items() if channel != TASKS}

        early = {
            **checkpoint,
            "v": 3,
            "channel_values": without(checkpoint["channel_values"]),
            "channel_versions": without(checkpoint["channel_versions"]),
        }
        return early, metadata, without(new_versions)

    async def aget_tuple(self, config):
        """What langgraph and the saver did then: the Sends are put where the parent's writes say. The saver of today looks for them in vain."""
        found = await super().aget_tuple(config)
        if found is not None and found.parent_config and found.checkpoint.get("v") == 3:
            parent = await super().aget_tuple(found.parent_config)
            sends = [value for _, channel, value in (parent.pending_writes if parent else []) if channel == TASKS]
            if sends:
                found.checkpoint["channel_values"][TASKS] = sends
                found.checkpoint["channel_versions"][TASKS] = max(found.checkpoint["channel_versions"].values())
        return found


TTL = {"default_ttl": 600, "refresh_on_read": True}
SAVERS = {
    "full": lambda url: Full(redis_url=url),
    "ttl": lambda url: Full(redis_url=url, ttl=TTL),
    "shallow": lambda url: Shallow(redis_url=url),
    "delta": lambda url: Full(redis_url=url),
    "sends": lambda url: EarlyFormat(redis_url=url),
    "nested": lambda url: Full(redis_url=url),
}
