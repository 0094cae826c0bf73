import type { Ecosystem } from '../ecosystem.ts'

export const gradle: Ecosystem = {
  name: 'gradle',
  marks: ['settings.gradle', 'settings.gradle.kts', 'build.gradle', 'build.gradle.kts'],
  asks: ['gradlew'],
  reads: [],
  recognises: 'build.gradle, settings.gradle (also .kts)',
  commands(folder) {
    const program = folder.has('gradlew') ? './gradlew' : 'gradle'
    // Its daemon would outlive nothing here: the sandbox ends with the command.
    return [{ kind: 'build', command: [program, '--no-daemon', 'assemble'] }, { kind: 'test', command: [program, '--no-daemon', 'test'] }]
  },
}
