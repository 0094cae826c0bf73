/** `nexus proof [--list]`: what the project on the host is, to be compared with what it was or will be. */
import { flag, text, type Invocation } from '../command.ts'
import { proofOf } from '../proof.ts'
import { proofLines } from '../screen/proof.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, cwd, home, json, print, theme } = invocation
  const own = text(invocation, 'project')
  const { project } = await client.settings.show.query({ cwd, ...(own === undefined ? {} : { project: own }) })
  const isList = flag(invocation, 'list') && !json
  const proof = await proofOf(project, home, isList ? (line) => process.stdout.write(line) : undefined)
  if (json) print(JSON.stringify({ proof }))
  else if (!isList) for (const line of proofLines(proof, theme)) print(line)
  return 0
}
