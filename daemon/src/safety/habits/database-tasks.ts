/** What a framework calls the end of its database: said once for rails, rake, artisan, Django, Ecto, Symfony and others. */
import type { Call } from '../call.ts'

const ENDS = /^((db|ecto|schema|migrate|doctrine:(database|schema)|database|orm):)?(db:)?(drop(:all|:_unsafe)?|reset(:all)?|purge(:all)?|wipe|fresh|refresh|truncate(_all)?|nuke|destroy)$|^(ecto\.(drop|reset)|flush|sqlflush|reset_db|reset_schema|drop_test_database|db:schema:load|db:setup:all|db:(mongoid:)?(drop|purge)|dropdb|database:drop)$/
const FRAMEWORKS = /^(rails|rake|artisan|manage\.py|django-admin|mix|console|doctrine|lucky|amber|masonite|craft|adonis|ace|sequelize|typeorm|lapis|phinx|spark|cake)$/
const OF_A_TEST = /(^|[=:])test(ing)?$/

/** True when it was one of them. */
export function judgeDatabaseTask(task: string, { name, words, shell }: Pick<Call, 'name' | 'words' | 'shell'>): boolean {
  if (!FRAMEWORKS.test(name) || !ENDS.test(task) || (!/[:.]/.test(task) && !/flush|reset_|drop/.test(task))) return false
  const isOfTest = words.some((word) => /^(--?(env|e|database)[= ]|RAILS_ENV=|RACK_ENV=|MIX_ENV=|APP_ENV=)/.test(word) && OF_A_TEST.test(word)) || ['RAILS_ENV', 'RACK_ENV', 'MIX_ENV', 'APP_ENV', 'NODE_ENV'].some((variable) => String(shell.variables.get(variable) ?? '').startsWith('test'))
  const target = `${name} ${task}`
  if (isOfTest) shell.does('vcs.lose', 'project', { target, note: 'deletes the database of the tests' })
  else shell.does('remote.destroy', 'remote', { target, amount: 'all', note: 'deletes a whole database: which one, its settings say' })
  return true
}
