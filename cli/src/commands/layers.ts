/** `nexus layers [RUN]` */
import { flag, text, type Invocation } from '../command.ts'
import { layerLines } from '../screen/layers.ts'

export async function run(invocation: Invocation): Promise<number> {
  const { client, cwd, words, json, print, theme } = invocation
  const [name] = words
  const project = text(invocation, 'project')
  const tree = await client.layers.list.query({ cwd, all: flag(invocation, 'all'), ...(project === undefined ? {} : { project }), ...(name === undefined ? {} : { run: name }) })
  if (json) print(JSON.stringify(tree))
  else if (tree.layers.length === 0) print(theme.dim('no layer waits here. nexus run -- CMD makes one; nexus run --on RUN -- CMD stacks on it'))
  else for (const line of layerLines(tree.layers, theme, process.stdout.columns ?? 80)) print(line)
  return 0
}
