/** A text as it is; what could deceive an eye is shown as an escape. */
import { safePieces } from '@nexus/protocol/readable'

export function Pieces({ text }: { readonly text: string }) {
  const pieces = safePieces(text)
  return pieces.length === 1 ? text : pieces.map((piece, at) => (at % 2 === 0 ? piece : <span key={at} className="escape">{piece}</span>))
}
