/** What watches services, and tells people when they fail. */
import type { Model } from '../model.ts'

export const MONITORING: readonly Model[] = [
  {
    names: 'promtool amtool logcli mimirtool cortextool thanos vmalert-tool vmctl',
    what: 'asks or tells what watches a service',
    grammar: 'verbs',
    subs: {
      'check|test|query|debug|alert|alert query|silence query|silence|config|config routes|config show|check-config|template|cluster|cluster show|unittest': 'look',
      'rules lint|rules check|rules list|rules print|rules diff|labels|series|instant-query|stats|detected-fields|analyze': 'look',
      'tools bucket ls|tools bucket inspect|tools bucket verify|tsdb analyze|tsdb list|tsdb dump': 'look',
      'silence add': ['audit-off if /^(alertname)?=?~?["\\x27]?(\\.[*+])["\\x27]?$/ # nobody is told of anything any more', 'update'],
      'silence expire|silence update|silence import|rules load|rules sync|alertmanager load|alert add': 'update',
      'rules delete|rules delete-namespace|alertmanager delete|tools bucket cleanup|tools bucket rewrite|tools bucket mark': 'destroy',
      'tsdb create-blocks-from': 'change',
    },
    examples: {
      'promtool check rules a.yml': 'safe', 'promtool query instant http://p:9090 up': 'safe', 'amtool alert query': 'safe', 'logcli query x': 'safe', 'mimirtool rules list': 'safe',
      'amtool silence add alertname=Disk -d 2h': 'dangerous', "amtool silence add 'alertname=~.+' -d 100d": 'critical', 'mimirtool rules delete-namespace x': 'dangerous',
    },
  },
  {
    names: 'grafana-cli grafanactl',
    what: 'looks after Grafana',
    grammar: 'verbs',
    subs: { 'plugins ls|plugins list-remote': 'look', 'plugins install|plugins update|plugins remove|plugins update-all|plugins uninstall': 'install', 'admin reset-admin-password': 'config-system' },
    examples: { 'grafana-cli plugins ls': 'safe', 'grafana-cli plugins install x': 'dangerous', 'grafana-cli admin reset-admin-password x': 'dangerous' },
  },
]
