/** Every ecosystem that is recognised. To add one: one file beside this, one entry here, an example in ecosystems.test.ts. */
import type { Ecosystem } from '../ecosystem.ts'
import { bundler } from './bundler.ts'
import { cargo } from './cargo.ts'
import { dotnet } from './dotnet.ts'
import { go } from './go.ts'
import { gradle } from './gradle.ts'
import { make } from './make.ts'
import { maven } from './maven.ts'
import { mix } from './mix.ts'
import { packageScripts } from './package-scripts.ts'
import { pytest } from './pytest.ts'
import { tox } from './tox.ts'

export const ECOSYSTEMS: readonly Ecosystem[] = [packageScripts, cargo, go, maven, gradle, pytest, tox, dotnet, bundler, mix, make]
