/** The text of a layout file as a mapping; each mistake is named with the place where it stands. */
import { z } from 'zod'
import { type PartName, patternItems } from '../keys/key-pattern.js'
import { FORMATS, type Mapping, WRAPPINGS } from './mapping.js'

/** A mistake in a layout file: `checkpoints.key: {thread} is missing in it`. */
export class LayoutFileProblem extends Error {}

/** Throws `LayoutFileProblem`. */
export function parseLayoutFile(text: string): Mapping {
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new LayoutFileProblem(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const result = file.safeParse(json)
  if (result.success) return result.data
  const { path, message } = result.error.issues[0]!
  throw new LayoutFileProblem(path.length === 0 ? message : `${pathText(path)}: ${message}`)
}

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at > 0 ? '.' : ''}${String(step)}`))
    .join('')

/** An object of these members and no others. */
function objectOf<Shape extends z.ZodRawShape>(shape: Shape, what = 'an object') {
  const names = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown member ${JSON.stringify(issue.keys[0])} (there are ${names.join(', ')})`
        : wanted(what)(issue),
  })
}

/** What is said of a value of the wrong kind. */
const wanted =
  (what: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    input === undefined ? 'is missing' : `${what} is needed`

const text = z.string({ error: wanted('a text') })
const textThatIsThere = text.min(1, 'a text is needed')
const CODECS = [...WRAPPINGS, ...FORMATS] as const
const chain = z.array(
  z.enum(CODECS, {
    error: ({ input }) => `${JSON.stringify(input)} is no codec (there are ${CODECS.join(', ')})`,
  }),
  { error: wanted('a list of codecs') },
)
const step = z.union([z.string(), z.int().min(0, 'a name or a number from 0 is needed')], {
  error: wanted('a name or a number from 0'),
})
/** One step may stand without brackets. */
const path = z.preprocess(
  (given) => (typeof given === 'string' || typeof given === 'number' ? [given] : given),
  z.array(step, { error: wanted('a name, a number or a list of them') }),
)
/** A bare name is a hash's field or a member. */
const placeWith = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (given) => (typeof given === 'string' ? { at: given } : given),
    objectOf(shape, 'a name or an object'),
  )
const PLACE = { at: path.optional(), decode: chain.optional(), inside: path.optional() }
const tag = placeWith({ is: text.optional(), ...PLACE }).transform(({ is, ...place }) =>
  is === undefined ? place : { is },
)
const TYPED_PLACE = { ...PLACE, type: tag.optional() }
const place = placeWith(TYPED_PLACE)
const wholeCheckpoint = placeWith({ fields: z.array(text).min(1).optional(), ...TYPED_PLACE }).transform(
  ({ fields, ...place }) => (fields === undefined ? place : { fields, decode: place.decode }),
)

/** A pattern with the parts it must have. */
const pattern = (...needed: readonly PartName[]) =>
  textThatIsThere.superRefine((given, context) => {
    try {
      const parts = partsOf(given)
      const lacking = needed.find((name) => !parts.has(name))
      if (lacking !== undefined) context.addIssue(`{${lacking}} is missing in it`)
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error))
    }
  })

function partsOf(...patterns: readonly (string | undefined)[]): ReadonlySet<PartName> {
  const items = patterns.flatMap((given) => (given === undefined ? [] : patternItems(given)))
  return new Set(items.flatMap((item) => ('part' in item ? [item.part] : [])))
}

const TYPES = ['string', 'hash', 'list', 'ReJSON'] as const
const RECORD = {
  key: pattern(),
  type: z
    .enum(TYPES, { error: wanted(`one of ${TYPES.join(', ')}`) })
    .transform((type) => (type === 'ReJSON' ? 'ReJSON-RL' : type)),
  field: pattern().optional(),
  ignore: z.array(text).optional(),
  decode: chain.optional(),
  requires: z.array(text).optional(),
  thread: place.optional(),
  ns: place.optional(),
  id: place.optional(),
}
type GivenRecord = z.output<z.ZodObject<typeof RECORD>>

/** What no single member can tell. Each part must be known from the key, or from the value. */
function checkRecord(given: GivenRecord, needed: readonly PartName[], context: z.RefinementCtx): void {
  const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
  const parts = partsOf(given.key, given.field)
  for (const name of needed) {
    if (parts.has(name) || (name in given && given[name as 'id'] !== undefined)) continue
    const canBePlace = name in RECORD || name === 'channel'
    issue('key', `{${name}} is missing in it${canBePlace ? `, and "${name}" is not given` : ''}`)
  }
  for (const [name, place] of Object.entries(given)) {
    if (given.type === 'hash' && given.field === undefined && isDeep(place))
      context.addIssue({
        code: 'custom',
        path: [name, 'at'],
        message: 'a hash has fields, one name each; the way on is "inside"',
      })
  }
  if (given.field !== undefined && given.type !== 'hash')
    issue('field', `only a hash has fields, and type is ${given.type}`)
  if (given.decode !== undefined && given.type === 'hash' && given.field === undefined)
    issue('decode', 'the fields of a hash are decoded one by one: give each place a decode of its own')
}

const isDeep = (place: unknown): boolean =>
  typeof place === 'object' &&
  place !== null &&
  'at' in place &&
  Array.isArray(place.at) &&
  place.at.length > 1

const checkpoints = objectOf({
  ...RECORD,
  checkpoint: wholeCheckpoint,
  channels: objectOf({ field: pattern('channel'), decode: chain.optional() }).optional(),
  metadata: place.optional(),
  parent: place.optional(),
}).superRefine((given, context) => checkRecord(given, ['thread'], context))

const writes = objectOf({
  ...RECORD,
  each: path.optional(),
  task: place.optional(),
  taskPath: place.optional(),
  idx: place.optional(),
  channel: place.optional(),
  value: place,
}).superRefine((given, context) => checkRecord(given, ['thread', 'id', 'channel'], context))

const blobs = objectOf({ ...RECORD, value: place, absent: text.optional() }).superRefine((given, context) =>
  checkRecord(given, ['thread', 'channel', 'version'], context),
)

const file = objectOf({
  id: text.regex(/^[a-z0-9][a-z0-9.-]*$/, 'an id is made of small letters, digits, dots and dashes'),
  title: textThatIsThere.optional(),
  writtenBy: textThatIsThere.optional(),
  dialect: z.enum(['python', 'js'], { error: wanted('python or js') }).default('python'),
  escaping: z.enum(['none', 'percent', 'braces'], { error: wanted('none, percent or braces') }).optional(),
  emptyNs: z.array(text, { error: wanted('a list of texts') }).optional(),
  checkpoints,
  writes: writes.optional(),
  blobs: blobs.optional(),
  index: z.array(pattern('thread'), { error: wanted('a list of patterns') }).optional(),
}).transform(
  (given): Mapping => ({
    ...given,
    title: given.title ?? given.id,
    writtenBy: given.writtenBy ?? 'the saver that the layout file describes',
  }),
)
