/** What the objects of CPython's pickles mean, with every protocol; and what is refused by name. */
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { readPickle } from '../../../src/codec/pickle/read.js'
import { pickleValue } from '../../../src/codec/pickle/value.js'
import { TreeBuilder } from '../../../src/codec/tree.js'
import { cpythonPickles, inOneOrder, shown, treeOfPickle } from './oracle.js'

const FIELDS_OF_TIME = '"hour": 1, "minute": 2, "second": 3, "microsecond": 4'

/** Python expression → the value it becomes, whatever the protocol. */
const MEANINGS: Readonly<Record<string, string>> = {
  // Dates and times
  'datetime.datetime(2024, 2, 29, 23, 59, 58, 123456)':
    'datetime.datetime.fromisoformat <method "2024-02-29T23:59:58.123456">',
  'datetime.datetime(1, 1, 1)': 'datetime.datetime.fromisoformat <method "0001-01-01T00:00:00">',
  'datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)':
    'datetime.datetime.fromisoformat <method "2024-01-02T00:00:00+00:00">',
  'datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone(-datetime.timedelta(hours=5, minutes=30, seconds=7, microseconds=5)))':
    'datetime.datetime.fromisoformat <method "2024-01-02T00:00:00-05:30:07.000005">',
  'datetime.datetime(2024, 7, 1, 1, 2, 3, 4, zoneinfo.ZoneInfo("Europe/Paris"))': `datetime.datetime <keywords {"year": 2024, "month": 7, "day": 1, ${FIELDS_OF_TIME}, "tzinfo": zoneinfo.ZoneInfo <single-argument "Europe/Paris">, "fold": 0}>`,
  'datetime.date(2024, 12, 31)': 'datetime.date <positional [2024, 12, 31]>',
  'datetime.timedelta(-1, 5, 7)': 'datetime.timedelta <positional [-1, 5, 7]>',
  'datetime.timezone(datetime.timedelta(hours=1), "CET")':
    'datetime.timezone <positional [datetime.timedelta <positional [0, 3600, 0]>, "CET"]>',
  'zoneinfo.ZoneInfo("Asia/Tokyo")': 'zoneinfo.ZoneInfo <single-argument "Asia/Tokyo">',
  // Other data types of the standard library
  'uuid.UUID(int=5)': 'uuid.UUID <single-argument "00000000000000000000000000000005">',
  'uuid.UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")':
    'uuid.UUID <single-argument "ffffffffffffffffffffffffffffffff">',
  'decimal.Decimal("1.10")': 'decimal.Decimal <single-argument "1.10">',
  'fractions.Fraction(1, 3)': 'fractions.Fraction <positional [1, 3]>',
  '1-2.5j': 'builtins.complex <positional [1f, -2.5f]>',
  'range(1, 7, 2)': 'builtins.range <positional [1, 7, 2]>',
  'pathlib.PosixPath("/a/b c")': 'pathlib.PosixPath <positional ["/", "a", "b c"]>',
  'pathlib.PurePosixPath("x")': 'pathlib.PurePosixPath <positional ["x"]>',
  're.compile("a.b", re.I)': 're.compile <positional ["a.b", 34]>',
  'ipaddress.ip_address("10.1.2.3")': 'ipaddress.IPv4Address <single-argument "10.1.2.3">',
  'ipaddress.ip_address("2001:db8::1")': 'ipaddress.IPv6Address <single-argument "2001:db8::1">',
  'ipaddress.ip_network("10.0.0.0/8")': 'ipaddress.IPv4Network <single-argument "10.0.0.0/8">',
  'types.SimpleNamespace(a=1)': 'types.SimpleNamespace <keywords {"a": 1}>',
  // Collections: as the official saver, which keeps the base type
  'collections.OrderedDict([("z", 1), ("a", 2)])': '{"z": 1, "a": 2}',
  'collections.OrderedDict()': '{}',
  'collections.Counter("aab")': '{"a": 2, "b": 1}',
  'filled(collections.defaultdict(list), {"a": [1]})': '{"a": [1]}',
  'collections.defaultdict(dict)': '{}',
  'collections.deque([1, 2])': 'collections.deque <single-argument [1, 2]>',
  'collections.deque([1, 2, 3], maxlen=2)': 'collections.deque <positional [[2, 3], 2]>',
  'set()': 'set[]',
  'frozenset({(1, 2)})': 'frozenset[(1, 2)]',
  'bytearray(b"\\x00\\xff")': 'bytearray"00ff"',
  'b""': 'b""',
  'b"\\xff\\x00"': 'b"ff00"',
  // An application's own classes
  'Color.RED': 'app.state.Color <single-argument "red">',
  'Level.HIGH': 'app.state.Level <single-argument 9>',
  'Point(3, 1.0)': 'app.state.Point <positional [3, 1f]>',
  'Order("a", [Order("b", [])])':
    'app.state.Order <pydantic-v2 {"sku": "a", "lines": [app.state.Order <pydantic-v2 {"sku": "b", "lines": []}>]}>',
  'Slotted(1, 2)': 'app.state.Slotted <pydantic-v2 {"left": 1, "right": 2}>',
  'SlottedWithDict(1, 2, 3)': 'app.state.SlottedWithDict <pydantic-v2 {"extra": 3, "left": 1, "right": 2}>',
  'Temperature(21.5)': 'app.state.Temperature <single-argument 21.5f>',
  'Name("x")': 'app.state.Name <positional ["x"]>',
  'filled(Bag(), {"a": 1})': '{"a": 1}',
  'filled(Stack(), [1, 2])': '[1, 2]',
  'with_attributes(Outer.Inner(), a=1)': 'app.state.Inner <pydantic-v2 {"a": 1}>',
  // Exceptions become what repr prints of them
  'ValueError("it\'s", 1.0, [None, True], {"k": b"\\x00"}, ("x",), 1e16, 1e-5, -0.0)': JSON.stringify(
    "ValueError(\"it's\", 1.0, [None, True], {'k': b'\\x00'}, ('x',), 1e+16, 1e-05, -0.0)",
  ),
  'ToolError("bad\\n\\u0007 é\\u200b\\U0001F600", float("nan"), set(), Color.RED, Order("a", []))':
    JSON.stringify("ToolError('bad\\n\\x07 é\\u200b😀', nan, set(), Color('red'), Order(sku='a', lines=[]))"),
  'KeyboardInterrupt()': JSON.stringify('KeyboardInterrupt()'),
}

/** What the older protocols do not keep. */
const MEANINGS_SINCE_PROTOCOL_4: Readonly<Record<string, string>> = {
  'datetime.datetime(2024, 10, 27, 1, 2, 3, 4, fold=1)': `datetime.datetime <keywords {"year": 2024, "month": 10, "day": 27, ${FIELDS_OF_TIME}, "tzinfo": null, "fold": 1}>`,
  'datetime.time(1, 2, 3, 4, fold=1)': `datetime.time <keywords {${FIELDS_OF_TIME}, "tzinfo": null, "fold": 1}>`,
  'FileNotFoundError(2, "no")': JSON.stringify("FileNotFoundError(2, 'no')"),
}

const REFUSED: Readonly<Record<string, string>> = {
  'type(None)': 'calls builtins.type',
  len: 'a reference to builtins.len',
  Order: 'a reference to app.state.Order',
  '...': 'a reference to builtins.Ellipsis',
  'collections.ChainMap({1: 2})': 'an object of collections.ChainMap',
  'object()': 'an object of builtins.object',
}

const FLATTENED: Readonly<Record<string, [value: string, note: string]>> = {
  'with_attributes(filled(Bag(), {"a": 1}), x=1)': ['{"a": 1}', 'attributes of app.state.Bag'],
  'with_attributes(lowercase(), a=1)': ['{"a": 1}', 'app.state.lowercase'],
}

const all = [MEANINGS, MEANINGS_SINCE_PROTOCOL_4, REFUSED, FLATTENED].flatMap(Object.keys)
const { expressions: pickles } = cpythonPickles(all, [])
const picklesOf = (expression: string): readonly Buffer[] =>
  pickles[all.indexOf(expression)]!.filter((bytes) => bytes !== undefined)

describe('an object of CPython', () => {
  it.each(Object.entries(MEANINGS))('%s has one meaning in every protocol', (expression, meaning) => {
    const found = picklesOf(expression).map((bytes) => shown(inOneOrder(treeOfPickle(bytes))))
    expect(new Set(found)).toEqual(new Set([meaning]))
    expect(found.length).toBeGreaterThanOrEqual(expression.startsWith('Slotted') ? 4 : 6)
  })

  it.each(Object.entries(MEANINGS_SINCE_PROTOCOL_4))(
    '%s has its meaning from protocol 4 on',
    (expression, meaning) => {
      for (const bytes of picklesOf(expression).slice(4)) expect(shown(treeOfPickle(bytes))).toBe(meaning)
    },
  )

  it.each(Object.entries(REFUSED))('%s is refused by name', (expression, message) => {
    for (const bytes of picklesOf(expression)) {
      const error = errorOf(bytes)
      expect(error).toMatchObject({ reason: 'unsupported-value', message: expect.stringContaining(message) })
    }
  })

  it.each(Object.entries(FLATTENED))('%s is flattened, and that is noted', (expression, [value, note]) => {
    for (const bytes of picklesOf(expression)) {
      const notes: string[] = []
      const builder = new TreeBuilder()
      pickleValue(readPickle(bytes)).emit(builder, { note: (_reason, detail) => notes.push(detail) })
      expect(shown(builder.result())).toBe(value)
      expect(notes).toEqual([note])
    }
  })
})

/** Pickles by hand, of libraries and eras that are not installed: protocol 4, texts under 256 bytes. */
const text = (value: string) => `\x8c${String.fromCharCode(Buffer.byteLength(value))}${value}`
const named = (module: string, name: string) => `${text(module)}${text(name)}\x93`
const fields = (values: Readonly<Record<string, string>>) =>
  `}(${Object.entries(values)
    .map(([name, value]) => text(name) + value)
    .join('')}u`
const built = (module: string, name: string, state: string) => `${named(module, name)})\x81${state}b`
const pickle = (body: string) => Buffer.from(`\x80\x04${body}.`, 'latin1')

describe('an object of another era', () => {
  const value = text('v')
  it.each<[string, string, string]>([
    [
      'an Interrupt of langgraph 0.2 (two values)',
      built('langgraph.types', 'Interrupt', `](${value}${text('during')}e`),
      'langgraph.types.Interrupt <keywords {"value": "v", "when": "during"}>',
    ],
    [
      'an Interrupt of langgraph 0.3–0.5 (four values)',
      built('langgraph.types', 'Interrupt', `](${value}\x88]${text('a:1')}a${text('during')}e`),
      'langgraph.types.Interrupt <keywords {"value": "v", "resumable": true, "ns": ["a:1"], "when": "during"}>',
    ],
    [
      'an Interrupt of langgraph 1 (slots)',
      built('langgraph.types', 'Interrupt', `N${fields({ value, id: text('i') })}\x86`),
      'langgraph.types.Interrupt <keywords {"value": "v", "id": "i"}>',
    ],
    [
      'a Command (four values)',
      built('langgraph.types', 'Command', `](N}N${text('node')}e`),
      'langgraph.types.Command <keywords {"graph": null, "update": {}, "resume": null, "goto": "node"}>',
    ],
    [
      'a Command without slots (Python 3.9)',
      built('langgraph.types', 'Command', fields({ graph: 'N', goto: text('node') })),
      'langgraph.types.Command <keywords {"graph": null, "goto": "node"}>',
    ],
    [
      'a Send of langgraph 0.2, moved to its module of today',
      built('langgraph.constants', 'Send', fields({ node: text('n'), arg: 'K\x01' })),
      'langgraph.types.Send <positional ["n", 1]>',
    ],
    [
      'a Send with a timeout',
      built('langgraph.types', 'Send', `N${fields({ node: text('n'), arg: 'K\x01', timeout: 'K\x05' })}\x86`),
      'langgraph.types.Send <positional ["n", 1, 5]>',
    ],
    [
      'a delta snapshot',
      `${named('langgraph.checkpoint.serde.types', '_DeltaSnapshot')}]K\x01a\x85\x81`,
      '. <delta-snapshot [1]>',
    ],
    [
      'a message pickled by pydantic 1, which is a model of pydantic 2 today',
      built(
        'langchain_core.messages.human',
        'HumanMessage',
        fields({ __dict__: fields({ content: value, example: '\x89' }), __fields_set__: '\x8f' }),
      ),
      'langchain_core.messages.human.HumanMessage <pydantic-v2 {"content": "v"}>',
    ],
    [
      "a user's model of pydantic 1",
      built('app.state', 'Profile', fields({ __dict__: fields({ name: value }), __fields_set__: '\x8f' })),
      'app.state.Profile <pydantic-v1 {"name": "v"}>',
    ],
    [
      'a model of pydantic 2 with extra fields and private attributes',
      built(
        'app.state',
        'Profile',
        fields({
          __dict__: fields({ name: value }),
          __pydantic_extra__: fields({ more: 'K\x01' }),
          __pydantic_fields_set__: '\x8f',
          __pydantic_private__: fields({ _secret: 'K\x02' }),
        }),
      ),
      'app.state.Profile <pydantic-v2 {"name": "v", "more": 1}>',
    ],
    [
      'a secret',
      built('pydantic.types', 'SecretStr', fields({ _secret_value: value })),
      'pydantic.types.SecretStr <single-argument "v">',
    ],
    [
      'a URL',
      built(
        'pydantic.networks',
        'HttpUrl',
        fields({ _url: `${named('pydantic_core._pydantic_core', 'Url')}${text('https://a/')}\x85\x81` }),
      ),
      'pydantic.networks.HttpUrl <single-argument "https://a/">',
    ],
    [
      'a datetime with the time zone of pydantic',
      `${named('datetime', 'datetime')}C\x0a\x07\xe8\x01\x02\x03\x04\x05\0\0\0${named('pydantic_core._pydantic_core', 'TzInfo')}M\x10\x0e\x85R\x86R`,
      'datetime.datetime.fromisoformat <method "2024-01-02T03:04:05+01:00">',
    ],
    [
      'a datetime with a time zone of pytz',
      `${named('datetime', 'datetime')}C\x0a\x07\xe8\x01\x02\x03\x04\x05\0\0\0${named('pytz', '_p')}(${text('Europe/Paris')}M\x10\x0eK\0${text('CET')}tR\x86R`,
      'datetime.datetime.fromisoformat <method "2024-01-02T03:04:05+01:00">',
    ],
    [
      'a path of Python 3.13',
      `${named('pathlib._local', 'PosixPath')}${text('/')}${text('a')}\x86R`,
      'pathlib.PosixPath <positional ["/", "a"]>',
    ],
    [
      'an address of Python before 3.12',
      `${named('ipaddress', 'IPv6Address')}\x8a\x11\x01${'\0'.repeat(11)}\xb8\x0d\x01\x20\0\x85R`,
      'ipaddress.IPv6Address <single-argument "2001:db8::1">',
    ],
    [
      'a frozen dataclass with slots',
      built('app.state', 'Frozen', `](K\x01${value}e`),
      'app.state.Frozen <positional [1, "v"]>',
    ],
    [
      'an object made with keywords',
      `${named('app.state', 'Made')})${fields({ a: 'K\x01' })}\x92`,
      'app.state.Made <keywords {"a": 1}>',
    ],
  ])('is understood: %s', (_what, body, meaning) => {
    expect(shown(treeOfPickle(pickle(body)))).toBe(meaning)
  })

  const dtype = (code: string, order: string, more = '') =>
    `${named('numpy', 'dtype')}${text(code)}\x89\x88\x87R(K\x03${text(order)}NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0${more}tb`
  const array = (code: string, order: string, shape: string, fortran: string, data: string) =>
    `${named('numpy.core.multiarray', '_reconstruct')}${named('numpy', 'ndarray')}K\0\x85C\x01b\x87R(K\x01${shape}${dtype(code, order)}${fortran}C${String.fromCharCode(data.length)}${data}tb`
  const scalar = (code: string, data: string, more = '') =>
    `${named('numpy._core.multiarray', 'scalar')}${dtype(code, '<', more)}C${String.fromCharCode(data.length)}${data}\x86R`
  it.each<[string, string, string]>([
    [
      'an array',
      array('i4', '<', 'K\x02\x85', '\x89', '\x01\0\0\0\x02\0\0\0'),
      '["<i4", [2], "C", b"0100000002000000"]',
    ],
    [
      'an array in Fortran order',
      array('u1', '|', 'K\x01K\x02\x86', '\x88', '\x01\x02'),
      '["|u1", [1, 2], "F", b"0102"]',
    ],
    [
      'an array of protocol 5',
      `${named('numpy._core.numeric', '_frombuffer')}(\x96\x01\0\0\0\0\0\0\0\x07${dtype('u1', '|')}K\x01\x85${text('C')}tR`,
      '["|u1", [1], "C", b"07"]',
    ],
  ])('is understood: numpy, %s', (_what, body, meaning) => {
    expect(shown(treeOfPickle(pickle(body)))).toBe(`. <numpy ${meaning}>`)
  })

  it.each<[string, string, string]>([
    ['float64', scalar('f8', '\0\0\0\0\0\0\xf8\x3f'), 'numpy.float64 <single-argument 1.5f>'],
    ['float16', scalar('f2', '\0\x3e'), 'numpy.float16 <single-argument 1.5f>'],
    ['int64', scalar('i8', '\xfe\xff\xff\xff\xff\xff\xff\xff'), 'numpy.int64 <single-argument -2>'],
    ['uint8', scalar('u1', '\xfe'), 'numpy.uint8 <single-argument 254>'],
    ['bool', scalar('b1', '\x01'), 'numpy.bool_ <single-argument true>'],
    ['str', scalar('U2', 'a\0\0\0\xe9\0\0\0'), 'numpy.str_ <single-argument "aé">'],
    ['complex64', scalar('c8', '\0\0\x80\x3f\0\0\0\x40'), 'numpy.complex64 <positional [1f, 2f]>'],
    [
      'datetime64',
      scalar('M8', '\x05\0\0\0\0\0\0\0', '}(C\x02usK\x01K\x01K\x01t\x86'),
      'numpy.datetime64 <positional [5, "us"]>',
    ],
  ])('is understood: numpy scalar %s', (_what, body, meaning) => {
    expect(shown(treeOfPickle(pickle(body)))).toBe(meaning)
  })

  it.each<[string, string]>([
    ['posix.system', `${named('posix', 'system')}${text('true')}\x85R`],
    ['builtins.eval', `${named('builtins', 'eval')}${text('1')}\x85R`],
    ['builtins.eval', `c__builtin__\neval\n${text('1')}\x85R`],
    ['os.system', `(${text('true')}ios\nsystem\n`],
    ['subprocess.Popen', `${named('subprocess', 'Popen')}]\x85R`],
    ['subprocess.Popen', built('subprocess', 'Popen', fields({ args: value }))],
    ['psutil.Popen', built('psutil', 'Popen', fields({ args: value }))],
    ['gevent.subprocess.Other', built('gevent.subprocess', 'Other', fields({ args: value }))],
    ['functools.partial', `${named('functools', 'partial')}${named('os', 'system')}\x85R`],
    ['app.tools.run', `${named('app.tools', 'run')}${text('true')}\x85R`],
    ['importlib.import_module', `${named('importlib', 'import_module')}${text('os')}\x85R`],
    ['pandas.core.frame.DataFrame', built('pandas.core.frame', 'DataFrame', fields({ _mgr: 'N' }))],
    ['app.state.Odd', built('app.state', 'Odd', 'K\x01')],
    ['numpy.core.multiarray._reconstruct', array('O', '|', 'K\x01\x85', '\x89', 'x')],
    ['datetime.datetime', `${named('datetime', 'datetime')}C\x02ab\x85R`],
    ['another call', `${named('app.state', 'Maker')})R)R`],
  ])('is refused by its name: %s', (name, body) => {
    expect(errorOf(pickle(body))).toMatchObject({
      reason: 'unsupported-value',
      message: expect.stringContaining(name),
    })
  })
})

function errorOf(bytes: Buffer): DecodeError {
  try {
    treeOfPickle(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return error
    throw error
  }
  throw new Error('it was read')
}
