/** Tabs as ARIA wants them: one tab stop, arrows move and select. */
import type { KeyboardEvent } from 'react'

export interface TabsProps<Id extends string> {
  readonly label: string
  readonly tabs: readonly { readonly id: Id; readonly words: string; readonly count?: number }[]
  readonly selected: Id
  readonly onSelect: (id: Id) => void
}

export function Tabs<Id extends string>({ label, tabs, selected, onSelect }: TabsProps<Id>) {
  const walk = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = tabs.findIndex(({ id }) => id === selected)
    const next = event.key === 'ArrowRight' ? tabs[(at + 1) % tabs.length] : event.key === 'ArrowLeft' ? tabs.at(at - 1) : undefined
    if (!next) return
    event.preventDefault()
    onSelect(next.id)
    event.currentTarget.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus()
  }
  return (
    <div className="tabs" role="tablist" aria-label={label} onKeyDown={walk}>
      {tabs.map(({ id, words, count }) => (
        <button key={id} type="button" role="tab" id={`tab-${id}`} aria-selected={id === selected} aria-controls={id === selected ? `panel-${id}` : undefined} tabIndex={id === selected ? 0 : -1} onClick={() => onSelect(id)}>
          {words}{count !== undefined && count > 0 && <span className="count">{count}</span>}
        </button>
      ))}
    </div>
  )
}
