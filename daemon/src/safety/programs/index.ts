/** Every program that is understood. To add one: an entry in the family it belongs to, with examples; a family: a file and a line here. */
import type { Model } from '../model.ts'
import { ARCHIVES } from './archives.ts'
import { CLOUDS } from './clouds.ts'
import { CLUSTERS } from './clusters.ts'
import { CONTAINERS } from './containers.ts'
import { DATABASES } from './databases.ts'
import { FILES } from './files.ts'
import { GIT } from './git.ts'
import { INTERPRETERS } from './interpreters.ts'
import { NETWORK } from './network.ts'
import { PACKAGES } from './packages.ts'
import { POWERSHELL_COMMANDS } from './powershell.ts'
import { SHELLS } from './shells.ts'
import { SYSTEM } from './system.ts'
import { TEXT } from './text.ts'
import { WINDOWS } from './windows.ts'

export const PROGRAMS: readonly Model[] = [...SHELLS, ...FILES, ...TEXT, ...GIT, ...NETWORK, ...PACKAGES, ...INTERPRETERS, ...DATABASES, ...CONTAINERS, ...CLUSTERS, ...CLOUDS, ...ARCHIVES, ...SYSTEM, ...WINDOWS, ...POWERSHELL_COMMANDS]
