/** The list of launchers, strongest first. */
import type { Launcher } from './launcher.ts'
import { nativeLauncher } from './native.ts'
import { utilLinuxLauncher } from './util-linux.ts'

export function launchersOf(parts: { readonly nativePath: string | null; readonly path: string; readonly ferry: string }): readonly Launcher[] {
  return [nativeLauncher(parts.nativePath), utilLinuxLauncher(parts.path, parts.ferry)]
}
