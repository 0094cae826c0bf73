/** What every part of the page may use, handed in at the top. */
import { createContext, useContext, useSyncExternalStore } from 'react'
import type { Calls } from '../daemon/calls.ts'
import type { Mirror, Picture } from '../daemon/mirror.ts'
import type { Stream } from '../daemon/stream.ts'

export interface Nexus {
  readonly calls: Calls
  readonly mirror: Mirror
  readonly stream: Stream
  readonly nextFrame: (work: () => void) => void
  /** Says something once, to eyes and screen readers. */
  readonly say: (words: string, tone?: 'good' | 'bad') => void
}

export const NexusContext = createContext<Nexus | null>(null)

export function useNexus(): Nexus {
  const nexus = useContext(NexusContext)
  if (!nexus) throw new Error('a part of the page stands outside of NexusContext')
  return nexus
}

export function usePicture(): Picture {
  const { mirror } = useNexus()
  return useSyncExternalStore(mirror.subscribe, mirror.picture)
}
