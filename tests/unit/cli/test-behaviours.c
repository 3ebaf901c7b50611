/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <glib/gstdio.h>
#include <string.h>

#include "actor/dms-envelope.h"
#include "capability/dms-capability-context.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli.h"
#include "common/dms-json-text.h"
#include "dms-test-daemon.h"
#include "identity/dms-keystore.h"

static void
test_payloads (DmsTestCli *fixture, gconstpointer data)
{
  static const struct {
    const char *line;
    const char *behaviour;
    const char *payload;
  } cases[] = {
    { "actor cmd /dms/node/peers/self", "/dms/node/peers/self", "{}" },
    { "actor cmd /dms/node/peers/ping -H P", "/dms/node/peers/ping", "{\"Host\":\"P\"}" },
    { "actor cmd /dms/node/peers/connect -a /ip4/1.2.3.4", "/dms/node/peers/connect",
      "{\"Address\":\"/ip4/1.2.3.4\"}" },
    { "actor cmd /dms/node/logger/config -l DEBUG -i 7 --enable-elastic=false", "/dms/node/logger/config",
      "{\"level\":\"DEBUG\",\"interval\":7,\"elastic_enabled\":false}" },
    { "actor cmd /dms/node/deployment/status -i X", "/dms/node/deployment/status", "{\"id\":\"X\"}" },
    { "actor cmd /dms/node/deployment/status -i X -u", "/dms/node/deployment/status",
      "{\"id\":\"X\",\"include_usage\":true}" },
    { "actor cmd /dms/node/deployment/manifest -i X", "/dms/node/deployment/manifest", "{\"ID\":\"X\"}" },
    { "actor cmd /dms/node/deployment/shutdown --id=X", "/dms/node/deployment/shutdown", "{\"ID\":\"X\"}" },
    { "actor cmd /dms/node/deployment/info -i X --usage --logs --allocations a,b",
     "/dms/node/deployment/info",
      "{\"id\":\"X\",\"include_usage\":true,\"include_logs\":true,\"allocation_names\":[\"a\",\"b\"]}" },
    { "actor cmd /dms/node/deployment/logs -i X -a n.a", "/dms/node/deployment/logs",
      "{\"EnsembleID\":\"X\",\"AllocationName\":\"n.a\"}" },
    { "actor cmd /dms/node/deployment/logs/async -i X -a n.a --follow", "/dms/node/deployment/logs/async",
      "{\"EnsembleID\":\"X\",\"AllocationName\":\"n.a\",\"Follow\":true,\"FollowIntervalSeconds\":10}" },
    { "actor cmd /dms/node/deployment/logs/async/stop -i X -a n.a", "/dms/node/deployment/logs/async/stop",
      "{\"EnsembleID\":\"X\",\"AllocationName\":\"n.a\"}" },
    { "actor cmd /dms/node/deployment/delete --id X", "/dms/node/deployment/delete",
      "{\"orchestrator_id\":\"X\"}" },
    { "actor cmd /dms/node/deployment/prune --before 7d", "/dms/node/deployment/prune",
     "{\"before\":\"7d\"}" },
    { "actor cmd /dms/node/deployment/prune -a", "/dms/node/deployment/prune", "{\"all\":true}" },
    { "actor cmd /dms/node/deployment/list", "/dms/node/deployment/list", "{\"sort_by\":\"-created_at\"}" },
    { "actor cmd /dms/node/deployment/list --status running,Failed --limit 3 -f a=b -f c=d=e --sort id "
      "--created-after 2026-01-01T00:00:00+01:00",
      "/dms/node/deployment/list",
      "{\"limit\":3,\"sort_by\":\"id\",\"metadata\":{\"a\":\"b\",\"c\":\"d=e\"},\"status\":[4,5],"
      "\"created_after\":\"2025-12-31T23:00:00Z\"}" },
    { "get deployments", "/dms/node/deployment/list", "{\"sort_by\":\"-created_at\"}" },
    { "get allocations", "/dms/node/allocations/list", "{}" },
    { "actor cmd /dms/node/deployment/why -i X", "/dms/node/deployment/why", "{\"id\":\"X\"}" },
    { "contracts --context other list incoming", "/dms/tokenomics/contract/list", "{\"role\":\"provider\"}" },
    { "contracts list outgoing", "/dms/tokenomics/contract/list", "{\"role\":\"requestor\"}" },
    { "actor cmd /dms/cap/list -c other", "/dms/cap/list", "{\"Context\":\"other\"}" },
    { "actor cmd /dms/cap/require/anchor --token {\"dms\":{\"act\":\"x\"}}", "/dms/cap/require/anchor",
      "{\"Token\":{\"tok\":[{\"dms\":{\"act\":\"x\"}}]}}" },
    { "actor cmd /dms/tokenomics/contract/state --contract-did D", "/dms/tokenomics/contract/state",
      "{\"contract_did\":\"D\"}" },
    { "actor cmd /dms/tokenomics/contract/transactions/confirm --unique-id U --tx-hash H --blockchain "
      "CARDANO",
      "/dms/tokenomics/contract/transactions/confirm",
      "{\"unique_id\":\"U\",\"tx_hash\":\"H\",\"blockchain\":\"CARDANO\",\"quote_id\":\"\"}" },
    { "actor cmd /dms/volume/start -n v", "/dms/volume/start", "{\"name\":\"v\"}" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].line);
      dms_test_cli_run (fixture, cases[i].line, "");
      g_assert_cmpstr (fixture->err, ==, "");
      g_assert_cmpint (fixture->status, ==, 0);
      g_assert_cmpstr (fixture->daemon.behaviour, ==, cases[i].behaviour);
      g_assert_cmpstr (fixture->daemon.payload, ==, cases[i].payload);
      g_assert_cmpstr (fixture->out, ==, "{\n  \"ok\": true\n}\n");
      g_assert_true (fixture->daemon.verified);
    }
}

static void
test_onboard (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply = "{\"OK\":true,\"Resources\":{\"cpu\":{\"clock_speed\":2500000000,\"cores\":8}}}";
  dms_test_cli_run (fixture,
                    "actor cmd /dms/node/onboarding/onboard --ram 3.5 --cpu 7 --disk 512MiB --no-gpu", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->daemon.payload, ==,
                   "{\"NoGPU\":true,\"GPUs\":\"\",\"Config\":{\"onboarded_resources\":{"
                   "\"ram\":{\"size\":3758096384},\"disk\":{\"size\":536870912},"
                   "\"cpu\":{\"clock_speed\":2500000000,\"cores\":7.0}}}}");
  g_assert_true (g_str_has_prefix (fixture->out, "{"));

  dms_test_cli_run (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1 -G 0:8.6 -G 1:8.6", "");
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"NoGPU\":false,\"GPUs\":\"0:8.6,1:8.6\""));

  /* Nothing said about GPUs: a machine without any goes on, one with some asks. */
  dms_test_cli_run (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1", "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_true (g_str_has_prefix (fixture->out, "No usable GPUs"));
  fixture->daemon.reply = "{\"Resources\":{\"gpus\":[{\"index\":0,\"model\":\"A100\",\"vram\":8589934592}]}}";
  dms_test_cli_run (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1", "0:4\n");
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"GPUs\":\"0:4\""));
  g_assert_nonnull (strstr (fixture->err, "A100"));
  dms_test_cli_run (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1", "\n");
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"GPUs\":\"\""));
  g_assert_true (g_str_has_prefix (fixture->out, "Skipping GPU selection."));

  dms_test_cli_run (fixture, "actor cmd /dms/node/onboarding/onboard -R abc -C1 -D1 -N", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_true (g_str_has_prefix (fixture->err, "Error: --ram: "));
  dms_test_cli_run (fixture, "actor cmd /dms/node/onboarding/onboard -R 1 -C-1 -D1 -N", "");
  g_assert_cmpint (fixture->status, ==, 1);
}

static void
test_deploy (DmsTestCli *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "job.yaml", NULL);

  g_file_set_contents (path,
                       "version: V1\nallocations:\n  a:\n    executor: \"null\"\n    type: task\n    "
                       "resources:\n"
                       "      cpu: {cores: 1}\n      ram: {size: 1}\n      disk: {size: 1}\n    execution:\n"
                       "      type: \"null\"\nnodes:\n  n:\n    allocations: [a]\n",
                       -1, NULL);
  dms_test_cli_run (fixture, "deploy -f %d/job.yaml", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->daemon.behaviour, ==, "/dms/node/deployment/new");
  g_assert_true (g_str_has_prefix (fixture->daemon.payload, "{\"Ensemble\":{\"v1\":{"));
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"size\":1073741824"));
  /* A daemon of the field refuses one that lives less than 59 s. */
  g_assert_cmpint (fixture->daemon.lifetime, >, G_GINT64_CONSTANT (59000000000));

  dms_test_cli_run (fixture, "actor cmd /dms/node/deployment/new -t 90s -f %d/none.yaml", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "none.yaml"));
}

static void
test_times (DmsTestCli *fixture, gconstpointer data)
{
  dms_test_cli_run (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (ABS (fixture->daemon.lifetime - G_GINT64_CONSTANT (30000000000)), <,
                   G_GINT64_CONSTANT (5000000000));
  dms_test_cli_run (fixture, "actor cmd -t 2h /public/hello", "");
  g_assert_cmpint (ABS (fixture->daemon.lifetime - G_GINT64_CONSTANT (7200000000000)), <,
                   G_GINT64_CONSTANT (5000000000));
  dms_test_cli_run (fixture, "actor cmd -e 2001-01-01T00:00:00Z /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  dms_test_cli_run (fixture, "actor cmd -e soon /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "“soon”"));
}

static void
test_broadcast (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.reply = "{\"DID\":{\"uri\":\"a<b\"}}";
  dms_test_cli_run (fixture, "actor cmd /broadcast/hello", "");
  g_assert_cmpstr (fixture->daemon.path, ==, "/api/v1/actor/broadcast");
  g_assert_cmpstr (fixture->daemon.topic, ==, "/nunet/hello");
  /* Both good ones; what is no envelope is left out. */
  g_assert_cmpstr (fixture->out, ==,
                   "[\n  {\n    \"DID\": {\n      \"uri\": \"a\\u003cb\"\n    }\n  },\n"
                   "  {\n    \"DID\": {\n      \"uri\": \"a\\u003cb\"\n    }\n  }\n]\n");
}

static void
test_refused (DmsTestCli *fixture, gconstpointer data)
{
  fixture->daemon.status = 408;
  fixture->daemon.reply = "{\"error\":\"request timeout\"}";
  dms_test_cli_run (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->err, ==,
                   "Error: could not run behavior: failed to invoke behavior: request failed with status "
                   "408: "
                   "{\"error\":\"request timeout\"}\n");
  g_assert_true (g_str_has_prefix (fixture->out, "HTTP/1.1 408 "));

  dms_test_cli_run (fixture, "actor cmd --rest-port 1 /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "nunet run"));
  g_assert_cmpstr (fixture->out, ==, "");

  dms_test_cli_run (fixture, "actor cmd -c nobody /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "nobody"));
  dms_test_cli_run (fixture, "actor cmd -c ../../etc/passwd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "cannot name a context"));
  dms_test_cli_run (fixture, "actor cmd -d not-a-peer /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "--dest"));

  g_setenv ("DMS_PASSPHRASE", "another", TRUE);
  dms_test_cli_run (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "decryption failed"));
  g_assert_null (strstr (fixture->err, "another"));
}

/* A reply that somebody else signed is not shown. */
static void
test_forged (DmsTestCli *fixture, gconstpointer data)
{
  dms_key_unref (fixture->daemon.signer);
  fixture->daemon.signer = dms_key_generate ();
  dms_test_cli_run (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_nonnull (strstr (fixture->err, "not signed by the actor that was asked"));
}

static void
test_messages (DmsTestCli *fixture, gconstpointer data)
{
  g_autofree char *message = NULL;
  g_autofree char *line = NULL;

  dms_test_cli_run (fixture, "actor msg --invoke /public/hello {\"a\":1}", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_null (fixture->daemon.behaviour);
  message = g_strdup (g_strchomp (fixture->out));
  g_assert_null (strchr (message, '\n'));

  line = g_strconcat ("actor invoke ", message, NULL);
  dms_test_cli_run (fixture, line, "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->daemon.behaviour, ==, "/public/hello");
  g_assert_cmpstr (fixture->daemon.payload, ==, "{\"a\":1}");
  g_assert_nonnull (strstr (fixture->out, "\n  \"be\": \"/private/user/"));

  dms_test_cli_run (fixture, "actor msg -b /nunet/hello /broadcast/hello {}", "");
  g_assert_nonnull (strstr (fixture->out, "\"topic\":\"/nunet/hello\""));
  dms_test_cli_run (fixture, "actor msg -b t -i /x {}", "");
  g_assert_cmpint (fixture->status, ==, 1);
  dms_test_cli_run (fixture, "actor msg /x {", "");
  g_assert_cmpint (fixture->status, ==, 1);
  dms_test_cli_run (fixture, "actor send nonsense", "");
  g_assert_cmpint (fixture->status, ==, 1);
}

static void
revoke_something (DmsTestCli *fixture)
{
  g_autofree char *keys = g_build_filename (fixture->directory, "key", NULL);
  g_autofree char *path = g_build_filename (fixture->directory, "cap", "user.cap", NULL);
  g_autoptr (DmsKeystore) keystore = dms_keystore_new (keys);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) key = dms_keystore_load (keystore, "user", DMS_TEST_PASSPHRASE, &error);
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_load (path, key, &error);
  g_autoptr (DmsTokenList) granted = NULL;
  g_autoptr (DmsTokenList) revoked = NULL;
  g_autoptr (DmsToken) token = NULL;
  const char *const capabilities[] = { "/dms", NULL };
  guint64 expiry = (guint64) g_get_real_time () * 1000 + G_GUINT64_CONSTANT (3600000000000);

  granted = dms_capability_context_grant (context, dms_key_get_did (fixture->daemon.key), NULL, NULL,
                                          capabilities,
                                          expiry, 0, &error);
  g_assert_no_error (error);
  token = dms_capability_context_revoke (context, dms_token_list_get (granted, 0), &error);
  g_assert_no_error (error);
  revoked = dms_token_list_new_single (token);
  dms_capability_context_anchor_revoke (context, revoked, &error);
  g_assert_no_error (error);
  dms_capability_context_save (context, path, &error);
  g_assert_no_error (error);
}

static void
test_cap_broadcast (DmsTestCli *fixture, gconstpointer data)
{
  dms_test_cli_run (fixture, "cap broadcast -c user", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->out, ==, "Successfully broadcast 0 revocation token(s) to all peers\n");
  g_assert_null (fixture->daemon.behaviour);

  revoke_something (fixture);
  fixture->daemon.reply = "{\"OK\":true,\"Error\":\"\"}";
  dms_test_cli_run (fixture, "cap broadcast -c user", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->out, ==, "Successfully broadcast 1 revocation token(s) to all peers\n");
  g_assert_cmpstr (fixture->daemon.behaviour, ==, "/dms/cap/revoke/broadcast");

  fixture->daemon.reply = "{\"OK\":false,\"Error\":\"nobody listens\"}";
  dms_test_cli_run (fixture, "cap broadcast -c user", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_nonnull (strstr (fixture->err, "nobody listens"));
}

static void
test_config (DmsTestCli *fixture, gconstpointer data)
{
  g_autofree char *directory = g_get_current_dir ();
  g_autofree char *config = g_build_filename (fixture->directory, "other.json", NULL);
  g_autofree char *set = g_strdup_printf ("--config %s config set", config);
  g_autofree char *first = g_strconcat (set, " rest.port 77", NULL);
  g_autofree char *second = g_strconcat (set, " observability.elasticsearch_enabled true", NULL);
  g_autofree char *wrong = g_strconcat (set, " rest.prot 77", NULL);
  g_autofree char *get = g_strdup_printf ("--config %s config get observability.elastic.enabled", config);
  g_autofree char *found = g_strdup_printf ("Found config file at: %s\ntrue\n", config);

  dms_test_cli_run (fixture, first, "");
  g_assert_cmpstr (fixture->err, ==, "Config file did not exist. Creating new file...\nApplied changes.\n");
  dms_test_cli_run (fixture, second, "");
  g_assert_cmpstr (fixture->err, ==, "Updating existing config file...\nApplied changes.\n");
  dms_test_cli_run (fixture, wrong, "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->err, ==, "Error: key \"rest.prot\" not found\n");
  dms_test_cli_run (fixture, get, "");
  g_assert_cmpstr (fixture->err, ==, found);
  g_assert_cmpstr (fixture->out, ==, "");

  g_chdir (fixture->directory);
  dms_test_cli_run (fixture, "config get rest.addr", "");
  g_assert_nonnull (strstr (fixture->err, "\n\"127.0.0.1\"\n"));
  g_chdir (directory);
}

/* Every verb has what its help shows, and every flag's letter is its own. */
static void
test_tables (DmsTestCli *fixture, gconstpointer data)
{
  const DmsCliVerb *const *verb;

  for (verb = dms_cli_verbs_get_all (); *verb != NULL; verb++)
    {
      const DmsCliFlag *flag;
      g_autofree char *letters = g_strdup ("h");

      g_test_message ("%s", (*verb)->path);
      g_assert_nonnull ((*verb)->summary);
      for (flag = (*verb)->flags; flag != NULL && flag->name != NULL; flag++)
        {
          g_autofree char *more = g_strdup_printf ("%s%c", letters,
                                                   flag->shorthand != 0 ? flag->shorthand : '-');

          g_assert_nonnull (flag->help);
          g_assert_true (flag->shorthand == 0 || strchr (letters, flag->shorthand) == NULL);
          g_free (letters);
          letters = g_steal_pointer (&more);
        }
    }
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *name;
    void (*func) (DmsTestCli *fixture, gconstpointer data);
  } tests[] = {
    { "/cli/behaviours/payloads", test_payloads },
    { "/cli/behaviours/onboard", test_onboard },
    { "/cli/behaviours/deploy", test_deploy },
    { "/cli/behaviours/times", test_times },
    { "/cli/behaviours/broadcast", test_broadcast },
    { "/cli/behaviours/refused", test_refused },
    { "/cli/behaviours/forged", test_forged },
    { "/cli/messages", test_messages },
    { "/cli/cap-broadcast", test_cap_broadcast },
    { "/cli/config", test_config },
    { "/cli/tables", test_tables },
  };
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, DmsTestCli, NULL, dms_test_cli_set_up, tests[i].func, dms_test_cli_tear_down);

  return g_test_run ();
}
