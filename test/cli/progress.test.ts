import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createProgress } from '../../src/cli/progress.js'
import { progressText } from '../../src/cli/progress-text.js'
import type { RunEvent } from '../../src/model/events.js'

const GIB = 1024 ** 3
const threadsEvent = (threads: number): RunEvent => ({
  kind: 'threads',
  progress: { threads, ofThreads: 3410, bytes: (threads / 3410) * 4 * GIB, ofBytes: 4 * GIB, rejected: 2 },
})

describe('a line of progress', () => {
  test('says how far, how fast and how long', () => {
    expect(progressText(threadsEvent(1966), 22_700)).toBe(
      '1,966 of 3,410 threads · 2.3 of 4.0 GiB · 104 MiB/s · 17 s left · 2 rejected',
    )
  })

  test('does not guess in the first seconds, nor where the whole is not known', () => {
    expect(progressText(threadsEvent(1), 500)).toBe('1 of 3,410 threads · 0.0 of 4.0 GiB · 2 rejected')
    const progress = { threads: 5, ofThreads: null, bytes: 2048, ofBytes: null, rejected: 0 }
    expect(progressText({ kind: 'threads', progress }, 2000)).toBe('5 threads · 2.0 KiB · 1.0 KiB/s')
  })

  test('names the other things that take time', () => {
    expect(progressText({ kind: 'scanning', keys: 12_000, ofKeys: 40_000 }, 0)).toBe(
      'reading key names: 12,000 of 40,000',
    )
    expect(progressText({ kind: 'step', step: 'making index a\nb' }, 0)).toBe('making index a\\nb')
    expect(
      progressText({ kind: 'retrying', endpoint: 'redis://h:6379/0', attempt: 3, waitMs: 4000 }, 0),
    ).toBe('waiting for redis://h:6379/0: attempt 3 in 4.0 s')
  })
})

describe('progress on stderr', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const plain = () => {
    const written: string[] = []
    const progress = createProgress({ write: (text) => written.push(text) }, { color: false, now: Date.now })
    return { written, progress }
  }

  test('without a terminal is one plain line every few seconds, and none for what is short', () => {
    const { written, progress } = plain()
    progress.onEvent(threadsEvent(1))
    vi.advanceTimersByTime(4900)
    expect(written).toEqual([])
    for (let second = 0; second < 16; second += 1) {
      progress.onEvent(threadsEvent(100 * second))
      vi.advanceTimersByTime(1000)
    }
    progress.stop()
    vi.advanceTimersByTime(60_000)
    expect(written).toHaveLength(4)
    expect(written.join('')).toMatch(/^(?:[\d,]+ of 3,410 threads .*\n){4}$/)
    expect(written.join('')).not.toContain('\u001b')
  })

  test('on a terminal without a width is plain lines: a spinner would never end erasing', () => {
    const written: string[] = []
    const stream = { write: (text: string) => written.push(text), isTTY: true, columns: 0 }
    const progress = createProgress(stream, { color: false, now: Date.now })
    progress.onEvent(threadsEvent(1))
    vi.advanceTimersByTime(5000)
    progress.stop()
    expect(written.join('')).toMatch(/^1 of 3,410 threads .*\n$/)
  })

  test('does not repeat a line that says nothing new', () => {
    const { written, progress } = plain()
    progress.onEvent({ kind: 'step', step: 'making index x' })
    vi.advanceTimersByTime(60_000)
    expect(written).toEqual(['making index x\n'])
    progress.stop()
  })

  test('on a terminal is a spinner that comes after a second and leaves nothing behind', async () => {
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 80,
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
    })
    const progress = createProgress(stream, { color: false, now: Date.now })
    progress.onEvent(threadsEvent(1966))
    await vi.advanceTimersByTimeAsync(900)
    expect(stream.read()).toBeNull()
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(300)
      expect(String(stream.read())).toContain('1,966 of 3,410 threads')
    })
    progress.stop()
    await vi.advanceTimersByTimeAsync(1000)
    stream.read()
    await vi.advanceTimersByTimeAsync(5000)
    expect(stream.read()).toBeNull()
  })
})
