/** The keys of the page, in one table: what the help shows is what is obeyed. Single letters rest while somebody types. */
import { useEffect, useRef } from 'react'

export const KEYS = {
  'a': 'apply what is chosen', 'k': 'keep it for later', 'x': 'discard', 'r': 'roll back', 's': 'stop this run, or let a waiting one run',
  'e': 'run a stale one again', 'c': 'changes', 'o': 'output', 't': 'the stack it stands in', 'w': 'what an agent said and did', 'v': 'why this verdict', 'd': 'diff side by side or inline', '1': 'allow once what a run asks for', '2': 'allow it for this run', '3': 'deny it', '/': 'find a run', 'g': 'go to the list', '!': 'go to the kill switch', '?': 'these keys',
} as const
export type Key = keyof typeof KEYS

/** How lists, trees and dialogs are walked; the browser's and ARIA's own ways. */
export const WALKING = {
  '↑ ↓': 'move in the list or the tree', '→ ←': 'open and close a folder', 'Space': 'choose a path or a folder', 'Enter': 'open the run', 'Esc': 'back', 'Tab': 'to the next part',
} as const

export type KeyHandlers = Partial<Record<Key | 'Escape', () => void>>

export function useKeys(handlers: KeyHandlers): void {
  const latest = useRef(handlers)
  useEffect(() => { latest.current = handlers })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector('dialog[open]')) return
      const handler = latest.current[event.key as Key | 'Escape']
      if (!handler) return
      event.preventDefault()
      handler()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable)
}
