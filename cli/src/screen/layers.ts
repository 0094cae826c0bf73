/** The layers of a project as a tree: what stands on what, its station, its size, what to do next. */
import { branchesOf } from '@nexus/protocol/layer-branches'
import type { LayerNode } from '@nexus/protocol/layers'
import { safe } from '@nexus/protocol/readable'
import { bytes, commandLine, plural } from '@nexus/protocol/words'
import type { Theme } from './theme.ts'
import { cut, widthOf } from './width.ts'

export function layerLines(layers: readonly LayerNode[], theme: Theme, width: number): string[] {
  const columns = Math.max(40, Math.min(width, 120))
  return layers.flatMap((layer, at) => {
    const { trunk, hangs } = branchesOf(layers, at)
    const head = `${layer.id}  ${layer.status}`
    const facts = [plural(Object.values(layer.counts).reduce((sum, count) => sum + count, 0), 'change'), ...(layer.bytes === null ? [] : [bytes(layer.bytes)]), ...endOf(layer)].join(' · ')
    const left = columns - widthOf(trunk) - widthOf(head) - 2 - widthOf(facts) - 2
    const command = left >= 10 ? cut(oneLine(layer.command), left) : ''
    const rest = left >= 10 ? [] : [cut(oneLine(layer.command), columns - widthOf(hangs) - 2)]
    return [
      `${theme.dim(trunk)}${theme.strong(layer.id)}  ${paintOf(layer, theme)(layer.status)}  ${theme.dim(facts)}${command === '' ? '' : `  ${command}`}`,
      ...rest.map((line) => `${theme.dim(hangs)}  ${line}`),
      ...(layer.next ? [`${theme.dim(hangs)}  ${theme.dim(cut(`next: ${layer.next}`, columns - widthOf(hangs) - 2))}`] : []),
    ]
  })
}

function endOf({ endReason, signal, exitCode }: LayerNode): string[] {
  if (endReason) return [`ended: ${endReason}`]
  if (signal) return [`signal ${signal}`]
  return exitCode === null || exitCode === 0 ? [] : [`exit ${exitCode}`]
}

function oneLine(command: readonly string[]): string {
  return safe(commandLine(command)).replaceAll('\n', '↵')
}

function paintOf({ status, isApplied }: LayerNode, theme: Theme): (text: string) => string {
  if (status === 'applied') return isApplied ? theme.good : theme.careful
  if (status === 'stale' || status === 'waiting') return theme.careful
  if (status === 'failed') return theme.bad
  return status === 'kept' ? theme.accent : theme.dim
}
