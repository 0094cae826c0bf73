/** A question in the middle of the page: the browser's own dialog keeps the focus inside and gives it back. */
import { useLayoutEffect, useRef, type ReactNode } from 'react'

export interface DialogProps {
  readonly title: string
  readonly children: ReactNode
  readonly onClose: () => void
}

export function Dialog({ title, children, onClose }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  // Closed before it leaves the page: only then the focus goes back to where it was.
  useLayoutEffect(() => {
    const { current } = element
    if (current && !current.open) current.showModal()
    return () => current?.close()
  }, [])
  return (
    <dialog ref={element} aria-label={title} onCancel={(event) => { event.preventDefault(); onClose() }} onClick={(event) => { if (event.target === element.current) onClose() }}>
      <div className="dialog">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}
