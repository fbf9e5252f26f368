/** Compares keys with digests inside the server, and deletes or dumps them in the same step. */
import { isDenied, isReplyError, isUnknownCommand, replyCodeOf } from './errors.js'

export type ScriptMode = 'examine' | 'purge' | 'dump'

/**
 * KEYS: the keys. ARGV: the mode, then of each key its use (`c` content, `i` index) and 24 hexadecimal digits. Replies with how many were
 * deleted, how many were absent, the places (from 1) of keys that hold something else, how many indexes stay, and of each key that is
 * there place, dump and PTTL.
 *
 * What is hashed is what `PurgeDigests` hashes: items of a collection behind their length and a colon, fields of a hash and members of a
 * set by their bytes (Lua's own order of strings would be the locale's), of an index that is a sorted set the members alone.
 */
export const PURGE_SCRIPT = `
local function less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local function sealed(items)
  local parts = {}
  for _, item in ipairs(items) do
    parts[#parts + 1] = #item .. ':'
    parts[#parts + 1] = item
  end
  return table.concat(parts)
end

local function sorted(items)
  table.sort(items, less)
  return items
end

local items = {
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return sorted(redis.call('SMEMBERS', key)) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1) end,
  hash = function(key)
    local flat, fields, values = redis.call('HGETALL', key), {}, {}
    for i = 1, #flat, 2 do
      fields[#fields + 1] = flat[i]
      values[flat[i]] = flat[i + 1]
    end
    local pairs = {}
    for _, field in ipairs(sorted(fields)) do
      pairs[#pairs + 1] = field
      pairs[#pairs + 1] = values[field]
    end
    return pairs
  end,
}

local function content(key, type)
  if type == 'string' then return redis.call('GET', key) end
  if type == 'ReJSON-RL' then return redis.call('JSON.GET', key, '.') end
  return items[type] and sealed(items[type](key))
end

local function names(key, type)
  if type == 'string' then return { redis.call('GET', key) } end
  return items[type] and items[type](key) or {}
end

local mode, absent, changed, present = ARGV[1], 0, {}, {}
for i, key in ipairs(KEYS) do
  local type = redis.call('TYPE', key)['ok']
  if type == 'none' then
    absent = absent + 1
  else
    local bytes = content(key, type)
    if bytes and string.sub(redis.sha1hex(bytes), 1, 24) == ARGV[2 * i + 1] then
      present[#present + 1] = { at = i, key = key, type = type, isIndex = ARGV[2 * i] == 'i' }
    else
      changed[#changed + 1] = i
    end
  end
end
if #changed > 0 or mode == 'examine' then return { 0, absent, changed, 0, {} } end

if mode == 'dump' then
  local dumps = {}
  for _, found in ipairs(present) do
    dumps[#dumps + 1] = { found.at, redis.call('DUMP', found.key), redis.call('PTTL', found.key) }
  end
  return { 0, absent, {}, 0, dumps }
end

local deleted, kept = 0, 0
for _, found in ipairs(present) do
  if not found.isIndex then deleted = deleted + redis.call('UNLINK', found.key) end
end
for _, found in ipairs(present) do
  if found.isIndex then
    local isNeeded = false
    for _, name in ipairs(names(found.key, found.type)) do
      isNeeded = isNeeded or redis.call('EXISTS', name) == 1
    end
    if isNeeded then kept = kept + 1 else deleted = deleted + redis.call('UNLINK', found.key) end
  end
end
return { deleted, absent, {}, kept, {} }
`

export interface ScriptReply {
  readonly deleted: number
  readonly absent: number
  /** Places, from 0. */
  readonly changed: readonly number[]
  readonly kept: number
  readonly dumps: readonly { readonly at: number; readonly dump: Buffer; readonly pttlMs: number }[]
}

export function decodeScriptReply(reply: unknown): ScriptReply {
  const [deleted, absent, changed, kept, dumps] = reply as [
    number,
    number,
    number[],
    number,
    [number, Buffer, number][],
  ]
  return {
    deleted,
    absent,
    changed: changed.map((at) => at - 1),
    kept,
    dumps: dumps.map(([at, dump, pttlMs]) => ({ at: at - 1, dump, pttlMs })),
  }
}

/**
 * Scripts are switched off, renamed away, forbidden to this user, or may not run a command that the user may run: all of it can be done
 * without them. Before Redis 7 the text of a refusal inside a script is wrapped.
 */
export const isScriptingOff = (error: unknown): boolean =>
  isDenied(error) ||
  isUnknownCommand(error) ||
  (isReplyError(error) &&
    (replyCodeOf(error) === 'NOSCRIPT' ||
      /NOPERM|ACL failure in script|can't run this command|not allowed from script|Unknown Redis command/i.test(
        error.message,
      )))
