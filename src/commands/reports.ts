/** How a report leaves: on stdout in the form that was asked for, and with `--report` also as a file. */
import { accessSync, constants, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import type { Command } from 'commander'
import { Failure } from '../model/failure.js'
import type { Measure } from '../model/measure.js'
import type { Page } from '../report/page/page.js'
import { toolVersion } from '../verbs/tool-version.js'
import type { Context, Options } from './command.js'

/** For commands whose report is a page. */
export const reports = (command: Command): Command =>
  command
    .optionsGroup('Report')
    .option('--report <file>', 'also write it there: .html (a page to forward), .md or .json')
    .addOption(
      command
        .createOption('--format <form>', 'what stdout gets (text)')
        .choices(['text', 'json', 'markdown']),
    )

type FileForm = 'html' | 'markdown' | 'json'
const FORMS: Readonly<Record<string, FileForm>> = {
  '.html': 'html',
  '.htm': 'html',
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.json': 'json',
}

/** What a report can be written as. */
export interface Renderings {
  text(format: 'text' | 'json' | 'line'): string
  page(): Page
  measures(): readonly Measure[]
}

/** Where a report goes. Made before the work: a file that cannot be written should not show after hours. */
export class ReportOutput {
  private readonly file: { readonly path: string; readonly form: FileForm } | null

  constructor(
    options: Options,
    private readonly context: Context,
  ) {
    this.file = options.report === undefined ? null : fileOf(String(options.report), context.cwd)
  }

  /** Loads the renderers it needs. */
  async print({ text, page, measures }: Renderings): Promise<void> {
    const { stdout, stderr, output, measured } = this.context
    measured?.(measures())
    const { json, markdown, quiet } = output
    const { file } = this
    const asMarkdown = async (): Promise<string> =>
      (await import('../report/markdown.js')).pageMarkdown(page())
    stdout.write(markdown ? await asMarkdown() : text(json ? 'json' : quiet ? 'line' : 'text'))
    if (file === null) return
    const content = {
      html: async () =>
        (await import('../report/html/document.js')).pageHtml(page(), { toolVersion: toolVersion() }),
      markdown: asMarkdown,
      json: async () => text('json'),
    }
    write(file.path, await content[file.form]())
    if (!quiet) stderr.write(`report written to ${file.path}\n`)
  }
}

function fileOf(name: string, cwd: string): { path: string; form: FileForm } {
  const path = resolve(cwd, name)
  const form = FORMS[extname(path).toLowerCase()]
  if (form === undefined) {
    throw new Failure('bad-setting', {
      setBy: '--report',
      problem: 'the name must end in .html, .md or .json',
    })
  }
  try {
    accessSync(dirname(path), constants.W_OK)
  } catch (error) {
    throw new Failure(
      'bad-setting',
      { setBy: '--report', problem: `nothing can be written into ${dirname(path)}` },
      error,
    )
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new Failure('bad-setting', { setBy: '--report', problem: `${path} is a folder` })
  }
  return { path, form }
}

/** In one step: whoever looks meanwhile sees the old report or the new one. */
function write(path: string, content: string): void {
  const beside = `${path}.${process.pid}.part`
  try {
    writeFileSync(beside, content, { mode: 0o600 })
    renameSync(beside, path)
  } catch (error) {
    throw new Failure(
      'report-unwritable',
      { path, problem: (error as NodeJS.ErrnoException).code ?? 'unknown' },
      error,
    )
  }
}
