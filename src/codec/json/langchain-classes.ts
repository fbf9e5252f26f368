/** The classes of langchain-core that its JSON names (`lc: 1`): the module each one lives in, and the fields of those that fill channels. */

import type { ObjectHead } from '../../model/value.js'

/** What a field holds that the JSON left out: LangChain leaves out what is empty and equal to its default. */
export type FieldDefault = 'required' | 'null' | 'map' | 'list' | { readonly text: Buffer }

export interface LangChainField {
  readonly name: string
  readonly utf8: Buffer
  readonly default: FieldDefault
}

export interface LangChainClass {
  readonly head: ObjectHead
  /** In the order of `model_dump()`, whose bytes the Postgres saver writes; absent where the fields as found must do. */
  readonly fields?: readonly LangChainField[]
}

/** The head of a class of pydantic v2. */
export const pydanticHead = (module: string, name: string): ObjectHead => ({
  form: 'pydantic-v2',
  module,
  name,
  method: 'model_validate_json',
})

const field = (name: string, fallback: FieldDefault): LangChainField => ({
  name,
  utf8: Buffer.from(name),
  default: fallback,
})
const text = (value: string): FieldDefault => ({ text: Buffer.from(value) })

/** langchain-core 1.7.2; a field that a version does not know is one of its extra fields. */
function messageFields(type: FieldDefault, ...own: LangChainField[]): readonly LangChainField[] {
  return [
    field('content', 'required'),
    field('additional_kwargs', 'map'),
    field('response_metadata', 'map'),
    field('type', type),
    field('name', 'null'),
    field('id', 'null'),
    ...own,
  ]
}

const AI = [field('tool_calls', 'list'), field('invalid_tool_calls', 'list'), field('usage_metadata', 'null')]
const AI_CHUNK = [...AI, field('tool_call_chunks', 'list'), field('chunk_position', 'null')]
const TOOL = [field('tool_call_id', 'required'), field('artifact', 'null'), field('status', text('success'))]
const ROLE = field('role', 'required')

/** A message class and its chunk, whose `type` is its name. */
function messages(module: string, name: string, type: string, own: LangChainField[] = [], ofChunk = own) {
  return [
    { head: pydanticHead(module, name), fields: messageFields(text(type), ...own) },
    { head: pydanticHead(module, `${name}Chunk`), fields: messageFields(text(`${name}Chunk`), ...ofChunk) },
  ]
}

const WITH_FIELDS: readonly LangChainClass[] = [
  ...messages('langchain_core.messages.human', 'HumanMessage', 'human'),
  ...messages('langchain_core.messages.ai', 'AIMessage', 'ai', AI, AI_CHUNK),
  ...messages('langchain_core.messages.system', 'SystemMessage', 'system'),
  ...messages('langchain_core.messages.tool', 'ToolMessage', 'tool', TOOL),
  ...messages('langchain_core.messages.chat', 'ChatMessage', 'chat', [ROLE]),
  ...messages('langchain_core.messages.function', 'FunctionMessage', 'function'),
  {
    head: pydanticHead('langchain_core.messages.modifier', 'RemoveMessage'),
    fields: messageFields(text('remove')),
  },
  { head: pydanticHead('langchain_core.messages.base', 'BaseMessage'), fields: messageFields('required') },
  {
    head: pydanticHead('langchain_core.messages.base', 'BaseMessageChunk'),
    fields: messageFields('required'),
  },
  {
    head: pydanticHead('langchain_core.documents.base', 'Document'),
    fields: [
      field('id', 'null'),
      field('metadata', 'map'),
      field('page_content', 'required'),
      field('type', text('Document')),
    ],
  },
]

/** The other serialisable classes of `langchain_core/load/mapping.py` (1.7.2), by module below `langchain_core`. */
const OTHERS: Readonly<Record<string, string>> = {
  agents: 'AgentAction AgentFinish AgentActionMessageLog',
  prompt_values: 'PromptValue StringPromptValue ChatPromptValue ChatPromptValueConcrete',
  'outputs.generation': 'Generation GenerationChunk',
  'outputs.chat_generation': 'ChatGeneration ChatGenerationChunk',
  'output_parsers.list': 'CommaSeparatedListOutputParser',
  'output_parsers.string': 'StrOutputParser',
  'prompts.base': 'BasePromptTemplate',
  'prompts.chat':
    'MessagesPlaceholder ChatPromptTemplate HumanMessagePromptTemplate SystemMessagePromptTemplate AIMessagePromptTemplate ChatMessagePromptTemplate BaseChatPromptTemplate BaseStringMessagePromptTemplate',
  'prompts.dict': 'DictPromptTemplate',
  'prompts.few_shot_with_templates': 'FewShotPromptWithTemplates',
  'prompts.image': 'ImagePromptTemplate',
  'prompts.message': 'BaseMessagePromptTemplate',
  'prompts.prompt': 'PromptTemplate',
  'prompts.string': 'StringPromptTemplate',
  'prompts.structured': 'StructuredPrompt',
  'runnables.base':
    'RunnableBinding RunnableBindingBase RunnableEach RunnableEachBase RunnableParallel RunnableSequence',
  'runnables.branch': 'RunnableBranch',
  'runnables.configurable': 'DynamicRunnable RunnableConfigurableAlternatives RunnableConfigurableFields',
  'runnables.fallbacks': 'RunnableWithFallbacks',
  'runnables.history': 'RunnableWithMessageHistory',
  'runnables.passthrough': 'RunnableAssign RunnablePassthrough RunnablePick',
  'runnables.retry': 'RunnableRetry',
  'runnables.router': 'RouterRunnable',
}

const BY_NAME: ReadonlyMap<string, LangChainClass> = new Map([
  ...WITH_FIELDS.map((known) => [known.head.name, known] as const),
  ...Object.entries(OTHERS).flatMap(([module, names]) =>
    names.split(' ').map((name) => [name, { head: pydanticHead(`langchain_core.${module}`, name) }] as const),
  ),
])

/**
 * The class of an `lc: 1` id. Python ids begin with `langchain`, JavaScript's and some of Python's with `langchain_core`; the path
 * between is that of an old version, so only the name counts. Undefined for other packages' classes.
 */
export function langChainClassOf(id: readonly string[]): LangChainClass | undefined {
  return id.length > 1 && (id[0] === 'langchain' || id[0] === 'langchain_core')
    ? BY_NAME.get(id[id.length - 1]!)
    : undefined
}

/** The class that a module and a name mean, where it is one of langchain-core's. */
export function langChainClassAt(module: string, name: string): LangChainClass | undefined {
  const known = BY_NAME.get(name)
  return known?.head.module === module ? known : undefined
}

/** The id that LangChain's Python writes for a class whose fields are known here: `langchain/schema/messages/HumanMessage`. */
export function langChainIdOf(known: LangChainClass): readonly string[] | undefined {
  if (known.fields === undefined) return undefined
  const part = known.head.module.startsWith('langchain_core.messages.') ? 'messages' : 'document'
  return ['langchain', 'schema', part, known.head.name]
}

/** Those ids as they are usually spelled. */
export const langChainIds: ReadonlyMap<string, LangChainClass> = new Map(
  WITH_FIELDS.map((known) => [JSON.stringify(langChainIdOf(known)), known]),
)
