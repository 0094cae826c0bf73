/** State that several keys of one chunk may change one after the other: `useState` would show each of them the old one. */
import { useReducer, useRef } from 'react'

export function useLatest<Value>(begin: () => Value): [get: () => Value, set: (value: Value) => void] {
  const held = useRef<{ value: Value } | null>(null)
  held.current ??= { value: begin() }
  const { current } = held
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  return [() => current.value, (value) => { current.value = value; redraw() }]
}
