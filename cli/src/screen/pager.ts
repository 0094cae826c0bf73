/** Shows a long text: $PAGER, else less, else as it is. */
import { spawn } from 'node:child_process'

export async function page(text: string, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const pager = env.PAGER?.trim() || 'less -R'
  const shown = await new Promise<boolean>((resolve) => {
    // $PAGER is a command line of the user's own ("less -FRX"): a shell reads it, as git and man do.
    const child = spawn('/bin/sh', ['-c', pager], { stdio: ['pipe', 'inherit', 'inherit'] })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
    // Leaving the pager before the end closes the pipe.
    child.stdin.on('error', () => undefined)
    child.stdin.end(text)
  })
  if (!shown) process.stderr.write(`${text}\n`)
}
