/** A datetime as the arguments of its constructor: the saver's reader calls no `fromisoformat`. */

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{6}))?(?:([+-])(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{6}))?)?)?$/

/** The envelope of what `datetime.isoformat()` printed; undefined for any other text. */
export function datetimeEnvelope(iso: string): string | undefined {
  const parts = ISO.exec(iso)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second, microsecond] = parts
    .slice(1, 8)
    .map((part) => Number(part ?? 0))
  const args = [year, month, day, hour, minute, second, microsecond].join(',')
  const sign = parts[8]
  if (sign === undefined) return envelope('datetime', args)
  const [hours, minutes, seconds, microseconds] = parts.slice(9, 13).map((part) => Number(part ?? 0))
  const offset = `${sign === '-' ? '-' : ''}${hours! * 3600 + minutes! * 60 + seconds!}`
  const micros = `${sign === '-' && microseconds !== 0 ? '-' : ''}${microseconds}`
  const delta = envelope('timedelta', `0,${offset === '-0' ? '0' : offset},${micros}`)
  return envelope('datetime', `${args},${envelope('timezone', delta)}`)
}

const envelope = (name: string, args: string): string =>
  `{"lc":2,"type":"constructor","id":["datetime","${name}"],"args":[${args}]}`
