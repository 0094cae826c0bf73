import type { Ecosystem } from '../ecosystem.ts'

export const maven: Ecosystem = {
  name: 'maven',
  marks: ['pom.xml'],
  asks: ['mvnw'],
  reads: [],
  recognises: 'pom.xml',
  commands(folder) {
    const program = folder.has('mvnw') ? './mvnw' : 'mvn'
    return [{ kind: 'build', command: [program, '-B', '-DskipTests', 'compile'] }, { kind: 'test', command: [program, '-B', 'test'] }]
  },
}
