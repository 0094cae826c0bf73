/** `nexus dashboard`: prints the one-time link, and opens a browser where one is. */
import { spawn } from 'node:child_process'
import { flag, type Invocation } from '../command.ts'
import { duration } from '@nexus/protocol/words'

export async function run(invocation: Invocation): Promise<number> {
  const { client, json, print, tell, errorTheme, env } = invocation
  const opener = json || flag(invocation, 'no-open') ? undefined : openerFor(env)
  const link = await client.access.link.mutate({ opens: opener !== undefined })
  const isOpened = opener !== undefined && (await opens(opener, link.url, env))
  if (json) {
    print(JSON.stringify(link))
    return 0
  }
  print(link.url)
  tell(errorTheme.dim(`${isOpened ? 'opened in your browser; ' : ''}good once, for ${duration(link.expiresAt - Date.now())}; over SSH forward the port first: ssh -L ${portOf(link.url)}:127.0.0.1:${portOf(link.url)} HOST`))
  return 0
}

/** An opener that cannot find a browser says so at once; one that has found it may stay as long as the browser. */
const OPENING_MS = 1500

/** Without a display a browser would be a text browser in this very terminal, or nothing. */
function openerFor(env: Invocation['env']): string | undefined {
  if (env.BROWSER) return env.BROWSER
  if (process.platform === 'darwin') return 'open'
  return env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME ? 'xdg-open' : undefined
}

function opens(opener: string, url: string, env: Invocation['env']): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(opener, [url], { stdio: 'ignore', detached: true, env: { ...env } })
    child.unref()
    const patience = setTimeout(() => resolve(true), OPENING_MS)
    child.once('error', () => { clearTimeout(patience); resolve(false) })
    child.once('exit', (code) => { clearTimeout(patience); resolve(code === 0) })
  })
}

function portOf(url: string): string {
  return new URL(url).port
}
