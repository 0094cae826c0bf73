/** Where we are: the fragment of the address, so that links, the back button and a reload work without a server. */
import { useSyncExternalStore } from 'react'

export interface Place { readonly run: string | undefined }

export function usePlace(): Place {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash)
  return { run: /^#\/runs\/(r[a-z2-7]{12})$/.exec(hash)?.[1] }
}

export function placeOfRun(id: string): string {
  return `#/runs/${id}`
}

export function go(hash: string): void {
  window.location.hash = hash
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}
