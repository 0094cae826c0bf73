/** `nexus secret set NAME | list | remove NAME`: credentials that Nexus keeps for `--secret`. */
import { Problem } from '@nexus/protocol/problem'
import { VARIABLE_NAME } from '@nexus/protocol/variable-name'
import { day } from '@nexus/protocol/words'
import { askHidden } from '../screen/ask-hidden.ts'
import type { Invocation } from '../command.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, words: [verb, name, ...more], json, print, theme } = invocation
  if (verb === 'list' && name === undefined) {
    const answer = await client.secrets.list.query()
    if (json) print(JSON.stringify(answer))
    else if (answer.secrets.length === 0) print(theme.dim('Nexus keeps no secret. One it shall keep: nexus secret set NAME'))
    else for (const secret of answer.secrets) print(`${theme.strong(secret.name)}  ${theme.dim(`since ${day(secret.setAt)}`)}`)
    return 0
  }
  if (name === undefined || (verb !== 'set' && verb !== 'remove')) throw usage('nexus secret set NAME, list, or remove NAME')
  if (more.length > 0) throw usage('the value is never an argument, where everybody could read it: nexus asks for it, or takes standard input')
  if (!VARIABLE_NAME.test(name)) throw usage(`"${name}" is not the name of a variable`)
  if (verb === 'remove') {
    const answer = await client.secrets.remove.mutate({ name })
    print(json ? JSON.stringify(answer) : `${theme.good('✓ removed')} ${name}`)
    return 0
  }
  const value = await valueFor(invocation, name)
  if (value.length < 4) throw usage(`the value of ${name} is too short to be kept out of the output of runs`)
  const answer = await client.secrets.set.mutate({ name, value })
  print(json ? JSON.stringify(answer) : `${theme.good('✓ kept')} ${name} ${theme.dim(`for one run: nexus run --secret ${name} -- …`)}`)
  return 0
}

/** From a person whom nobody looks over the shoulder, or from standard input without the line break that ends it. */
async function valueFor({ interactive, json }: Invocation, name: string): Promise<string> {
  if (interactive) return askHidden(`value of ${name} (not shown)`)
  if (process.stdin.isTTY) throw usage(`${json ? 'with --json ' : ''}the value comes on standard input`)
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const value = bytes.toString('utf8')
  if (!Buffer.from(value).equals(bytes)) throw usage('the value is not valid UTF-8')
  return value.replace(/\r?\n$/, '')
}

function usage(what: string): Problem {
  return new Problem('usage', { what, topic: 'secret' })
}
