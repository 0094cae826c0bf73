/** `nexus runs` */
import { Problem } from '@nexus/protocol/problem'
import { flag, text, type Invocation } from '../command.ts'
import { listLine } from '../screen/summary.ts'
import { ago } from '@nexus/protocol/words'

export async function run(invocation: Invocation): Promise<number> {
  const { client, cwd, json, print, theme } = invocation
  const project = text(invocation, 'project')
  const before = text(invocation, 'before')
  const limit = Number(text(invocation, 'limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new Problem('usage', { what: '--limit is a whole number from 1 to 1000', topic: 'runs' })
  const page = await client.runs.list.query({ cwd, limit, all: flag(invocation, 'all'), ...(project === undefined ? {} : { project }), ...(before === undefined ? {} : { before }) })
  if (json) {
    print(JSON.stringify(page))
    return 0
  }
  if (page.runs.length === 0) print(theme.dim(`nothing has run here yet. Try: nexus run 'date > hello.txt'`))
  const now = Date.now()
  for (const one of page.runs) print(listLine(one, ago(one.createdAt, now), theme, process.stdout.columns ?? 100))
  if (page.next) print(theme.dim(`older: nexus runs --before ${page.next}`))
  return 0
}
