import { Dialog } from './dialog.tsx'
import { KEYS, WALKING } from './keys.ts'

export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="keys">
        {Object.entries({ ...WALKING, ...KEYS }).map(([key, what]) => (
          <div key={key}>
            <dt><kbd>{key}</kbd></dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="actions"><button type="button" autoFocus onClick={onClose}>Close</button></p>
    </Dialog>
  )
}
