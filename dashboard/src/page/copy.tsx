/** A command line to take along to a terminal. */
import { useState } from 'react'

export function Copy({ text }: { readonly text: string }) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <span className="copy">
      <code>{text}</code>
      <button type="button" className="quiet-button" aria-label={`Copy ${text}`} onClick={() => void copy()}>{isCopied ? 'copied' : 'copy'}</button>
    </span>
  )
}
