/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-call.h"
#include "cli/dms-cli-flag.h"
#include "cli/dms-cli-parser.h"
#include "cli/dms-cli.h"

/* What the last verb that ran was given, for the tests to look at. */
static gboolean
run (DmsCliCall *call, GError **error)
{
  guint i;

  dms_cli_call_print (call, "%s", dms_cli_call_get_verb (call)->path);
  for (i = 0; i < dms_cli_call_get_n_args (call); i++)
    dms_cli_call_print (call, " [%s]", dms_cli_call_get_arg (call, i));
  dms_cli_call_print (call, " context=%s", dms_cli_call_get_string (call, "context"));
  if (dms_cli_call_find_flag (call, "id") != NULL)
    dms_cli_call_print (call, " id=%s usage=%d n=%" G_GINT64_FORMAT, dms_cli_call_get_string (call, "id"),
                        dms_cli_call_get_bool (call, "usage"), dms_cli_call_get_int (call, "number"));
  if (dms_cli_call_find_flag (call, "cap") != NULL)
    {
      g_autofree char *caps = g_strjoinv ("+", (char **) dms_cli_call_get_strv (call, "cap"));
      g_autofree char *raws = g_strjoinv ("+", (char **) dms_cli_call_get_strv (call, "raw"));

      dms_cli_call_print (call, " cap=%s raw=%s t=%" G_GINT64_FORMAT, caps, raws,
                          dms_cli_call_get_duration (call, "timeout"));
    }
  return TRUE;
}

static gboolean
fail (DmsCliCall *call, GError **error)
{
  dms_cli_call_print (call, "before\n");
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_FAILED, "it went wrong");
  return FALSE;
}

static const DmsCliFlag persistent[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, FALSE, "user", NULL, "who" },
  { "timeout", 't', DMS_CLI_FLAG_DURATION, FALSE, NULL, NULL, "how long" },
  { NULL },
};

static const DmsCliFlag info_flags[] = {
  { "id", 'i', DMS_CLI_FLAG_STRING, TRUE, NULL, NULL, "which" },
  { "usage", 'u', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, "more" },
  { "all", 'a', DMS_CLI_FLAG_BOOL, FALSE, NULL, NULL, "all" },
  { "number", 'n', DMS_CLI_FLAG_INT, FALSE, "7", NULL, "how many" },
  { NULL },
};

static const DmsCliFlag grant_flags[] = {
  { "context", 'c', DMS_CLI_FLAG_STRING, TRUE, NULL, NULL, "who" },
  { "cap", 0, DMS_CLI_FLAG_STRINGS, FALSE, NULL, NULL, "what" },
  { "raw", 0, DMS_CLI_FLAG_STRING_ARRAY, FALSE, NULL, NULL, "what" },
  { "timeout", 't', DMS_CLI_FLAG_DURATION, FALSE, NULL, NULL, "how long" },
  { "expiry", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, NULL, "until when" },
  { "duration", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, NULL, "for how long" },
  { NULL },
};

static const char *const exclusive[] = { "expiry duration", NULL };
static const char *const one_required[] = { "expiry duration", NULL };

static const DmsCliVerb verb_actor = { .path = "actor", .summary = "speak" };
static const DmsCliVerb verb_cmd = { .path = "actor cmd", .summary = "ask", .persistent_flags = persistent };
static const DmsCliVerb verb_self = { .path = "actor cmd /dms/node/peers/self", .summary = "self",
                                     .run = run };
static const DmsCliVerb verb_info = {
  .path = "actor cmd /dms/node/deployment/info", .summary = "info", .flags = info_flags, .run = run,
};
static const DmsCliVerb verb_cap = { .path = "cap", .summary = "capabilities" };
static const DmsCliVerb verb_grant = {
  .path = "cap grant", .arguments = "<DID>", .summary = "grant", .flags = grant_flags, .min_args = 1,
  .max_args = 1, .exclusive = exclusive, .one_required = one_required, .run = run,
};
static const DmsCliVerb verb_own = {
  .path = "own", .summary = "o", .persistent_flags = persistent, .strict = TRUE
};
static const DmsCliVerb verb_thing = { .path = "own thing", .summary = "t", .run = run };
static const DmsCliVerb verb_contracts = { .path = "contracts", .summary = "c",
                                          .persistent_flags = persistent };
static const DmsCliVerb verb_list = { .path = "contracts list", .summary = "list" };
static const DmsCliVerb verb_incoming = { .path = "contracts list incoming", .summary = "in", .run = run };
static const DmsCliVerb verb_many = {
  .path = "many", .summary = "many", .persistent_flags = persistent, .min_args = 1, .max_args = 3, .run = run,
};
static const DmsCliVerb verb_any = {
  .path = "any", .summary = "any", .persistent_flags = persistent, .min_args = 2, .max_args = -1, .run = run,
};
static const DmsCliVerb verb_fail = { .path = "fail", .summary = "fail", .hidden = TRUE, .run = fail };

static const DmsCliVerb *const verbs[] = {
  &verb_actor, &verb_cmd,  &verb_self,     &verb_info, &verb_cap, &verb_grant, &verb_contracts,
  &verb_list,  &verb_incoming, &verb_many, &verb_any,  &verb_fail, &verb_own, &verb_thing, NULL,
};

/* Runs a line whose words are separated by blanks. */
static int
run_line (const char *line, char **out, char **err)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  char *out_text = NULL;
  char *err_text = NULL;
  gsize size;
  FILE *out_stream = open_memstream (&out_text, &size);
  FILE *err_stream = open_memstream (&err_text, &size);
  FILE *in = fopen ("/dev/null", "r");
  int status = dms_cli_run (verbs, (const char *const *) words, in, out_stream, err_stream);

  fclose (in);
  fclose (out_stream);
  fclose (err_stream);
  *out = g_strdup (out_text);
  *err = g_strdup (err_text);
  free (out_text);
  free (err_text);

  return status;
}

static void
expect_out (const char *line, const char *expected)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int status = run_line (line, &out, &err);

  g_assert_cmpstr (err, ==, "");
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpstr (out, ==, expected);
}

static void
expect_error (const char *line, const char *expected)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autofree char *wanted = g_strdup_printf ("Error: %s\n", expected);
  int status = run_line (line, &out, &err);

  g_assert_cmpstr (err, ==, wanted);
  g_assert_cmpint (status, ==, 1);
  g_assert_cmpstr (out, ==, "");
}

static void
expect_help (const char *line, const char *word)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int status = run_line (line, &out, &err);

  g_assert_cmpstr (err, ==, "");
  g_assert_cmpint (status, ==, 0);
  g_assert_nonnull (strstr (out, "Usage:"));
  g_assert_nonnull (strstr (out, word));
}

static void
test_placement (void)
{
  static const char *const lines[] = {
    "-c dms actor cmd /dms/node/peers/self",
    "actor -c dms cmd /dms/node/peers/self",
    "actor cmd -c dms /dms/node/peers/self",
    "actor cmd /dms/node/peers/self -c dms",
    "actor cmd /dms/node/peers/self -cdms",
    "actor cmd /dms/node/peers/self -c=dms",
    "actor cmd /dms/node/peers/self --context=dms",
    "--context=dms actor cmd /dms/node/peers/self",
    "--config F --context dms actor cmd /dms/node/peers/self",
    "--debug -c dms actor cmd /dms/node/peers/self",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_test_message ("%s", lines[i]);
      expect_out (lines[i], "actor cmd /dms/node/peers/self context=dms");
    }

  expect_out ("contracts --context dms list incoming", "contracts list incoming context=dms");
  expect_out ("-c dms actor cmd --timeout 180s /dms/node/deployment/info --id X --usage",
              "actor cmd /dms/node/deployment/info context=dms id=X usage=1 n=7");
  expect_out ("actor cmd -t 3s /dms/node/deployment/info -ua -iX -n -5",
              "actor cmd /dms/node/deployment/info context=user id=X usage=1 n=-5");
  expect_out ("actor cmd /dms/node/deployment/info --usage=false --id X",
              "actor cmd /dms/node/deployment/info context=user id=X usage=0 n=7");
}

static void
test_arguments (void)
{
  expect_out ("many a -c x b", "many [a] [b] context=x");
  expect_out ("many -- -c x", "many [-c] [x] context=user");
  expect_out ("many -", "many [-] context=user");
  expect_error ("many", "accepts between 1 and 3 arg(s), received 0");
  expect_error ("many 1 2 3 4", "accepts between 1 and 3 arg(s), received 4");
  expect_error ("any 1", "requires at least 2 arg(s), only received 1");
  expect_error ("cap grant -c dms --expiry x", "accepts 1 arg(s), received 0");
  expect_error ("contracts list incoming more",
                "unknown command \"more\" for \"nunet contracts list incoming\"");
}

static void
test_errors (void)
{
  expect_error ("nothing", "unknown command \"nothing\" for \"nunet\"");
  expect_error ("own nothing", "unknown command \"nothing\" for \"nunet own\"; see: nunet own --help");
  expect_error ("own --context dms nothing --context x",
                "unknown command \"nothing\" for \"nunet own\"; see: nunet own --help");
  expect_error ("actor cmd /dms/node/peers/self --name", "unknown flag: --name");
  expect_error ("actor cmd /dms/node/peers/self --name=3", "unknown flag: --name");
  expect_error ("actor cmd /dms/node/peers/self -x", "unknown shorthand flag: 'x' in -x");
  expect_error ("actor cmd /dms/node/deployment/info -ux", "unknown shorthand flag: 'x' in -x");
  expect_error ("actor cmd /dms/node/peers/self ---x", "bad flag syntax: ---x");
  expect_error ("actor cmd /dms/node/peers/self --context", "flag needs an argument: --context");
  expect_error ("actor cmd /dms/node/deployment/info -i", "flag needs an argument: 'i' in -i");
  expect_error ("actor cmd /dms/node/deployment/info", "required flag(s) \"id\" not set");
  expect_error ("actor cmd /dms/node/deployment/info -i X -n v",
                "invalid argument \"v\" for \"-n, --number\" flag: strconv.ParseInt: parsing \"v\": invalid "
                "syntax");
  expect_error ("actor cmd /dms/node/deployment/info -i X --usage=maybe",
                "invalid argument \"maybe\" for \"-u, --usage\" flag: strconv.ParseBool: parsing \"maybe\": "
                "invalid "
                "syntax");
  expect_error ("actor cmd -t 5 /dms/node/peers/self",
                "invalid argument \"5\" for \"-t, --timeout\" flag: time: missing unit in duration \"5\"");
  expect_error ("cap grant X -c dms", "at least one of the flags in the group [expiry duration] is required");
  expect_error ("cap grant X -c dms --expiry a --duration b",
                "if any flags in the group [expiry duration] are set none of the others can be; [duration "
                "expiry] "
                "were all set");
  expect_error ("cap grant X --expiry a", "required flag(s) \"context\" not set");
}

static void
test_failure (void)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  g_assert_cmpint (run_line ("fail", &out, &err), ==, 1);
  g_assert_cmpstr (out, ==, "before\n");
  g_assert_cmpstr (err, ==, "Error: it went wrong\n");
}

static void
test_lists (void)
{
  expect_out ("cap grant DID -c dms --cap /a,/b --cap /c --raw x,y --raw z --expiry e -t 1m30s",
              "cap grant [DID] context=dms cap=/a+/b+/c raw=x,y+z t=90000000000");
}

static void
test_help (void)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  expect_help ("--help", "contracts");
  expect_help ("-h", "contracts");
  expect_help ("help", "contracts");
  expect_help ("help cap grant", "nunet cap grant <DID>");
  expect_help ("cap grant --help", "--duration");
  expect_help ("cap", "grant");
  expect_help ("cap nothing", "grant");
  expect_help ("own", "thing");
  expect_help ("own --help nothing", "thing");
  expect_help ("actor cmd", "/dms/node/peers/self");
  /* A word that leads nowhere shows the help of what is above it. */
  expect_help ("actor cmd /nowhere", "/dms/node/peers/self");
  expect_help ("actor cmd /dms/node/deployment/info --help", "--timeout");

  g_assert_cmpint (run_line ("--help", &out, &err), ==, 0);
  g_assert_null (strstr (out, "fail"));
  g_assert_null (strstr (out, "\033"));
}

static void
test_no_words (void)
{
  static const char *const none[] = { NULL };
  char *out = NULL;
  gsize size;
  FILE *stream = open_memstream (&out, &size);

  g_assert_cmpint (dms_cli_run (verbs, none, stdin, stream, stderr), ==, 0);
  fclose (stream);
  g_assert_nonnull (strstr (out, "Usage:"));
  free (out);
}

static void
test_durations (void)
{
  static const struct {
    const char *text;
    gint64 expected;
  } good[] = {
    { "0", 0 },
    { "1s", 1000000000 },
    { "1h30m", G_GINT64_CONSTANT (5400000000000) },
    { "1.5s", 1500000000 },
    { "-2ms", -2000000 },
    { "100us", 100000 },
    { "3ns", 3 },
    { "+1m", G_GINT64_CONSTANT (60000000000) },
  };
  static const char *const bad[] = { "", "s", "1", "1x", "1s1", ".s", "1..5s", "-", "1h 3m", "9999999999h",
                                    "1e3s" };
  guint i;
  gint64 value;

  for (i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (dms_cli_flag_parse_duration (good[i].text, &value, NULL));
      g_assert_cmpint (value, ==, good[i].expected);
    }
  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (dms_cli_flag_parse_duration (bad[i], &value, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/placement", test_placement);
  g_test_add_func ("/cli/arguments", test_arguments);
  g_test_add_func ("/cli/errors", test_errors);
  g_test_add_func ("/cli/failure", test_failure);
  g_test_add_func ("/cli/lists", test_lists);
  g_test_add_func ("/cli/help", test_help);
  g_test_add_func ("/cli/no-words", test_no_words);
  g_test_add_func ("/cli/durations", test_durations);

  return g_test_run ();
}
