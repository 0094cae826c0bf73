/** Names for groups of hosts that belong together. Data: add a line. Whoever may reach a host may also tell it things: a preset
 *  is a list of names, not a promise about them. */

export interface Preset {
  readonly what: string
  readonly hosts: readonly string[]
}

export const PRESETS: Readonly<Record<string, Preset>> = {
  npm: { what: 'npm, pnpm, yarn, corepack', hosts: ['registry.npmjs.org', 'registry.yarnpkg.com', 'repo.yarnpkg.com'] },
  node: { what: 'Node releases and headers', hosts: ['nodejs.org'] },
  pypi: { what: 'pip, uv, poetry', hosts: ['pypi.org', 'files.pythonhosted.org'] },
  crates: { what: 'cargo, rustup', hosts: ['crates.io', 'index.crates.io', 'static.crates.io', 'static.rust-lang.org'] },
  go: { what: 'Go modules', hosts: ['proxy.golang.org', 'sum.golang.org'] },
  maven: { what: 'Maven, Gradle', hosts: ['repo.maven.apache.org', 'repo1.maven.org', 'plugins.gradle.org', 'services.gradle.org', 'downloads.gradle.org'] },
  rubygems: { what: 'gem, bundler', hosts: ['rubygems.org', 'index.rubygems.org'] },
  packagist: { what: 'composer', hosts: ['packagist.org', 'repo.packagist.org'] },
  nuget: { what: 'dotnet', hosts: ['api.nuget.org'] },
  hex: { what: 'mix', hosts: ['hex.pm', 'repo.hex.pm', 'builds.hex.pm'] },
  debian: { what: 'apt on Debian', hosts: ['deb.debian.org', 'security.debian.org'] },
  ubuntu: { what: 'apt on Ubuntu', hosts: ['archive.ubuntu.com', 'security.ubuntu.com', 'ports.ubuntu.com'] },
  alpine: { what: 'apk', hosts: ['dl-cdn.alpinelinux.org'] },
  github: { what: 'git over https, releases, raw files', hosts: ['github.com', 'api.github.com', 'codeload.github.com', '*.githubusercontent.com'] },
  gitlab: { what: 'gitlab.com', hosts: ['gitlab.com', 'registry.gitlab.com'] },
  docker: { what: 'Docker Hub', hosts: ['registry-1.docker.io', 'auth.docker.io', 'production.cloudflare.docker.com'] },
  huggingface: { what: 'models and data sets', hosts: ['huggingface.co', '*.huggingface.co', '*.hf.co'] },
  anthropic: { what: 'Claude', hosts: ['api.anthropic.com:443'] },
  openai: { what: 'OpenAI', hosts: ['api.openai.com:443'] },
  google: { what: 'Gemini', hosts: ['generativelanguage.googleapis.com:443'] },
  mistral: { what: 'Mistral', hosts: ['api.mistral.ai:443'] },
  openrouter: { what: 'OpenRouter', hosts: ['openrouter.ai:443'] },
}
