import type { Ecosystem, Folder, Found } from '../ecosystem.ts'

export const bundler: Ecosystem = {
  name: 'bundler',
  marks: ['Gemfile'],
  asks: ['Rakefile', '.rspec', 'spec/*_spec.rb', 'spec/spec_helper.rb', '.rubocop.yml'],
  reads: [],
  recognises: 'a Gemfile with RSpec, a Rakefile or RuboCop',
  commands: (folder) => [
    ...(folder.has('.rubocop.yml') ? [exec('lint', 'rubocop')] : []),
    ...tests(folder),
  ],
}

function tests(folder: Folder): Found[] {
  if (['.rspec', 'spec/*_spec.rb', 'spec/spec_helper.rb'].some((name) => folder.has(name))) return [exec('test', 'rspec')]
  return folder.has('Rakefile') ? [exec('test', 'rake', 'test')] : []
}

function exec(kind: Found['kind'], ...words: string[]): Found {
  return { kind, command: ['bundle', 'exec', ...words] }
}
