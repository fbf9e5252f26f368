/** Findings as a section of a page: what needs a decision first, each with its reason, its remedy and examples. */
import { type FindingKind, REASONS } from '../../model/finding.js'
import type { FindingCount, MigrateReport } from '../../model/report.js'
import { formatCount, formatCounted } from '../format.js'
import { shortText } from '../short-text.js'
import { subjectOf } from '../text-findings.js'
import { reasonFrom } from '../way-back.js'
import type { Block, Section, Tone } from './page.js'

/** In the order of their weight, with how many examples are shown of each reason. */
const KINDS: Readonly<Record<FindingKind, { readonly tone: Tone; readonly samples: number }>> = {
  conflict: { tone: 'bad', samples: 20 },
  rejected: { tone: 'bad', samples: 20 },
  repaired: { tone: 'warn', samples: 5 },
  gone: { tone: 'plain', samples: 3 },
  ignored: { tone: 'plain', samples: 3 },
}

export function findingSection({ source, findings }: MigrateReport): Section {
  const kinds = Object.keys(KINDS) as FindingKind[]
  const blocks = kinds.flatMap((kind) =>
    findings
      .filter(({ reason }) => REASONS[reason].kind === kind)
      .map((found) => findingBlock(found, source.endpoint)),
  )
  const grave = findings.filter(({ reason }) => ['conflict', 'rejected'].includes(REASONS[reason].kind))
  const count = grave.reduce((sum, finding) => sum + finding.count, 0)
  const lead =
    count === 0
      ? 'Nothing was rejected and nothing is in conflict.'
      : `${formatCounted(count, 'finding needs', 'findings need')} a decision.`
  return { id: 'findings', title: 'Findings', lead: blocks.length === 0 ? '' : lead, blocks }
}

function findingBlock({ reason, count, samples }: FindingCount, sourceUrl: string): Block {
  const { kind, title, remedy } = reasonFrom(sourceUrl, reason)
  const { tone, samples: most } = KINDS[kind]
  const shown = samples.slice(0, most).map((sample) => ({
    subject: shortText(subjectOf(sample)),
    detail: sample.detail === undefined ? '' : shortText(sample.detail),
  }))
  const hidden = count - shown.length
  const more =
    shown.length > 0 && hidden > 0 ? [{ subject: `… and ${formatCount(hidden)} more`, detail: '' }] : []
  return {
    kind: 'finding',
    finding: { tone, kind, title, count, remedy, samples: [...shown, ...more] },
  }
}
