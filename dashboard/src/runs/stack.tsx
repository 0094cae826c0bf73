/** The tree that the run stands in, as a picture: one tab stop, walked with the arrow keys, each layer a link. */
import { useEffect, useRef, useState } from 'react'
import { branchesOf } from '@nexus/protocol/layer-branches'
import type { LayerNode } from '@nexus/protocol/layers'
import { safe } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { bytes, commandLine } from '@nexus/protocol/words'
import { useNexus, usePicture } from '../page/nexus.ts'
import { placeOfRun } from '../page/place.ts'
import { Counts } from './counts.tsx'
import { StatusMark } from './status.tsx'

/** The layers of the run's tree; asked for again when a run of its project comes to another station. Empty until then, and when it has none. */
export function useStack(run: Run): readonly LayerNode[] {
  const { calls } = useNexus()
  const { view } = usePicture()
  const [layers, setLayers] = useState<readonly LayerNode[]>([])
  const stations = view?.runs.filter(({ project }) => project === run.project).map(({ id, status }) => `${id} ${status}`).join()
  useEffect(() => {
    let isWanted = true
    // Nobody answers: the picture stays as it was, and is asked for again with the next event.
    calls.layers.list.query({ run: run.id }).then((tree) => { if (isWanted) setLayers(tree.layers) }, () => undefined)
    return () => { isWanted = false }
  }, [calls, run.id, stations])
  return layers
}

export function Stack({ run, layers }: { readonly run: Run; readonly layers: readonly LayerNode[] }) {
  const list = useRef<HTMLUListElement>(null)
  const [focused, setFocused] = useState(run.id)
  const stop = layers.some(({ id }) => id === focused) ? focused : run.id
  const walk = (event: React.KeyboardEvent) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>('a') ?? [])]
    const at = links.indexOf(document.activeElement as HTMLElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key]
    if (to === undefined || at < 0) return
    event.preventDefault()
    links[Math.max(0, Math.min(links.length - 1, to))]?.focus()
  }
  return (
    <ul className="stack" ref={list} onKeyDown={walk} aria-label="The layers of this stack, each before what stands on it">
      {layers.map((layer, at) => (
        <li key={layer.id}>
          <span className="trunk mono" aria-hidden="true">{branchesOf(layers, at).trunk}</span>
          <a href={placeOfRun(layer.id)} aria-current={layer.id === run.id ? 'true' : undefined} tabIndex={layer.id === stop ? 0 : -1} onFocus={() => setFocused(layer.id)}>
            <span className="command mono">{safe(commandLine(layer.command))}</span>
            <span className="facts">
              <span className="spoken">{layer.parent === undefined ? 'on the host,' : `step ${layer.depth + 1}, on ${layer.parent},`}</span>
              <StatusMark status={layer.status} />
              <Counts counts={layer.counts} />
              {layer.bytes !== null && <span>{bytes(layer.bytes)}</span>}
              <span className="mono id">{layer.id}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  )
}
