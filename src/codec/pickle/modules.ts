/** Which classes may be named in the target: its reader imports the module and calls the name with what the pickle says. */

/**
 * Top-level modules of Python 3.9–3.14 and of its installers. Data types among them have tables of their own (pickle-stdlib.ts,
 * pickle-datetimes.ts); everything else in them is never named.
 */
const PYTHON_MODULES: ReadonlySet<string> = new Set(
  `
__future__ _abc _aix_support _android_support _apple_support _ast _asyncio _bisect _blake2 _bootsubprocess
_bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections
_collections_abc _colorize _compat_pickle _compression _contextvars _crypt _csv _ctypes _curses
_curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib _frozen_importlib_external _functools
_gdbm _hashlib _heapq _hmac _imp _interpchannels _interpqueues _interpreters _io _ios_support _json
_locale _lsprof _lzma _markupbase _md5 _missing_stdlib_info _msi _multibytecodec _multiprocessing _opcode
_opcode_metadata _operator _osx_support _overlapped _pickle _posixshmem _posixsubprocess _py_abc
_pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging _scproxy _sha1 _sha256 _sha3
_sha512 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct
_suggestions _symtable _sysconfig _testcapi _testinternalcapi _thread _threading_local _tkinter _tokenize
_tracemalloc _types _typing _uuid _warnings _weakref _weakrefset _winapi _zoneinfo _zstd abc aifc
annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii
bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys
compileall compression concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses
dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno
faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass
gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect
io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math
mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers
opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pip pipes pkg_resources pkgutil
platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data
pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors
setuptools shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3
sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable
sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit
tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata
unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc
zipapp zipfile zipimport zlib zoneinfo
`
    .trim()
    .split(/\s+/),
)

/** Libraries whose objects cannot be rebuilt from their attributes. */
const UNKEPT_LIBRARIES: ReadonlySet<string> = new Set(
  'PIL dask jax matplotlib networkx numpy pandas polars pyarrow scipy sklearn sqlalchemy tensorflow torch xarray'.split(
    ' ',
  ),
)

/** Wherever they stand in a path, these mean running code: `gevent.subprocess`, `psutil.Popen`. */
const DANGEROUS_MODULES: ReadonlySet<string> = new Set(
  'builtins cloudpickle ctypes dill importlib joblib marshal nt os pickle posix pty runpy shutil subprocess sys'.split(
    ' ',
  ),
)
const DANGEROUS_NAMES: ReadonlySet<string> = new Set(['Popen', 'Process'])

export type Naming = 'allowed' | 'forbidden' | 'not a class'

/**
 * May the target name this class? `not a class`: the name does not look like one (it begins in lower case), so that naming it could
 * mean calling a function.
 */
export function namingOf(module: string, name: string): Naming {
  const modules = module.split('.')
  const names = name.split('.')
  if (PYTHON_MODULES.has(modules[0]!) || UNKEPT_LIBRARIES.has(modules[0]!)) return 'forbidden'
  if (modules.some((part) => part === '' || DANGEROUS_MODULES.has(part))) return 'forbidden'
  if (names.some((part) => part === '' || DANGEROUS_NAMES.has(part))) return 'forbidden'
  return LOOKS_LIKE_A_CLASS.test(names.at(-1)!) ? 'allowed' : 'not a class'
}

/** Scripts without case (Chinese, Arabic, …) have no lower case either. */
const LOOKS_LIKE_A_CLASS = /^_*[\p{Lu}\p{Lt}\p{Lo}]/u
