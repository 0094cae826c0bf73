import type { Ecosystem } from '../ecosystem.ts'

export const dotnet: Ecosystem = {
  name: 'dotnet',
  marks: ['*.sln', '*.slnx', '*.csproj', '*.fsproj', '*.vbproj'],
  asks: [],
  reads: [],
  recognises: 'a solution or project file of .NET',
  commands: () => [{ kind: 'build', command: ['dotnet', 'build'] }, { kind: 'test', command: ['dotnet', 'test'] }],
}
