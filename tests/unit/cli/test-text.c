/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What people read on a terminal, and the trees of tokens. */

#include "cli/dms-cli-link.h"
#include "cli/dms-cli-text.h"

#include <dms.h>
#include <unistd.h>

#define NS_PER_S G_GUINT64_CONSTANT (1000000000)
#define DAY (86400 * NS_PER_S)
#define NOON (G_GUINT64_CONSTANT (1925035200) * NS_PER_S)

static void
test_safe (void)
{
  static const struct
  {
    const char *text;
    const char *safe;
  } cases[] = {
    { "/dms/deployment", "/dms/deployment" },
    { "grün 你好", "grün 你好" },
    { "a\033[2Jb", "a\\u{1b}[2Jb" },
    { "a\nb\tc\rd", "a\\u{a}b\\u{9}c\\u{d}d" },
    { "c1 \302\233m", "c1 \\u{9b}m" },
    { "turn \342\200\256round", "turn \\u{202e}round" },
    { "zero\342\200\213width", "zero\\u{200b}width" },
    { "a\314\210", "a\\u{308}" },
    { "line\342\200\250end", "line\\u{2028}end" },
    { "broken \377", "broken \357\277\275" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *safe = dms_cli_text_dup_safe (cases[i].text);

      g_assert_cmpstr (safe, ==, cases[i].safe);
    }
}

static void
test_time (void)
{
  static const struct
  {
    guint64 time;
    const char *text;
  } cases[] = {
    { NOON, "2031-01-01 12:00 UTC (in 0 seconds)" },
    { NOON + NS_PER_S, "2031-01-01 12:00 UTC (in 1 second)" },
    { NOON + 119 * NS_PER_S, "2031-01-01 12:01 UTC (in 119 seconds)" },
    { NOON + 120 * NS_PER_S, "2031-01-01 12:02 UTC (in 2 minutes)" },
    { NOON + DAY, "2031-01-02 12:00 UTC (in 24 hours)" },
    { NOON + 3 * DAY, "2031-01-04 12:00 UTC (in 3 days)" },
    { NOON - 2 * DAY, "2030-12-30 12:00 UTC (2 days ago)" },
    { 0, "1970-01-01 00:00 UTC (22280 days ago)" },
    { G_MAXUINT64, "2554-07-21 23:34 UTC (in 191223 days)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = dms_cli_text_dup_time (cases[i].time, NOON);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_iso8601 (void)
{
  g_autofree char *noon = dms_cli_text_dup_iso8601 (NOON + 5);

  g_assert_cmpstr (noon, ==, "2031-01-01T12:00:00Z");
}

/* Nothing is coloured that goes into a file. */
static void
test_styled (void)
{
  FILE *file = tmpfile ();

  g_setenv ("TERM", "xterm", TRUE);
  g_unsetenv ("NO_COLOR");
  g_assert_false (dms_cli_text_is_styled (file));
  fclose (file);
}

static DmsToken *
make (DmsKey *from, DmsKey *to, guint64 expiry_ns, guint64 depth, DmsToken *chain)
{
  const char *const caps[] = { "/dms", NULL };

  return dms_token_new_signed (from, DMS_TOKEN_ACTION_DELEGATE, dms_key_get_did (to), NULL, NULL, caps,
                               expiry_ns, depth, chain);
}

static DmsCliLink *
get_link (GPtrArray *links, guint index)
{
  g_assert_cmpuint (index, <, links->len);
  return g_ptr_array_index (links, index);
}

/* a → b, which b passed on to c twice; one of them went further. */
static void
test_trees (void)
{
  g_autoptr (DmsKey) a = dms_key_generate ();
  g_autoptr (DmsKey) b = dms_key_generate ();
  g_autoptr (DmsKey) c = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_new (dms_key_get_did (c), c);
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  g_autoptr (DmsToken) first = make (a, b, now_ns + DAY, 3, NULL);
  g_autoptr (DmsToken) second = make (b, c, now_ns + DAY, 0, first);
  g_autoptr (DmsToken) third = make (b, c, now_ns + DAY / 2, 1, first);
  g_autoptr (DmsToken) fourth = make (c, a, now_ns + DAY, 0, second);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GPtrArray) trees = NULL;
  g_autoptr (GPtrArray) later = NULL;
  g_autoptr (DmsTokenList) list = NULL;
  g_autoptr (DmsToken) revocation = dms_token_new_revocation (b, second, NULL);
  g_autoptr (DmsTokenList) revocations = dms_token_list_new_single (revocation);
  DmsCliLink *top;

  g_ptr_array_add (all, third);
  g_ptr_array_add (all, fourth);
  list = dms_token_list_new (all);
  trees = dms_cli_link_new_trees (context, list, now_ns);
  g_assert_cmpuint (trees->len, ==, 1);
  top = get_link (trees, 0);
  g_assert_true (dms_token_equal (top->token, first));
  g_assert_false (top->anchored);
  g_assert_cmpint (top->room, ==, 3);
  g_assert_cmpuint (top->children->len, ==, 2);
  g_assert_true (dms_token_equal (get_link (top->children, 0)->token, third));
  g_assert_true (get_link (top->children, 0)->anchored);
  g_assert_cmpint (get_link (top->children, 0)->room, ==, 1);
  g_assert_false (get_link (top->children, 1)->anchored);
  g_assert_cmpint (get_link (top->children, 1)->room, ==, 2);
  g_assert_cmpint (get_link (get_link (top->children, 1)->children, 0)->room, ==, 1);
  g_assert_cmpint (get_link (get_link (top->children, 1)->children, 0)->state, ==, DMS_CLI_LINK_VALID);

  g_assert_true (dms_capability_context_anchor_revoke (context, revocations, NULL));
  later = dms_cli_link_new_trees (context, list, now_ns + DAY * 3 / 4);
  top = get_link (later, 0);
  g_assert_cmpint (top->state, ==, DMS_CLI_LINK_VALID);
  g_assert_cmpint (get_link (top->children, 0)->state, ==, DMS_CLI_LINK_EXPIRED);
  g_assert_cmpint (get_link (top->children, 1)->state, ==, DMS_CLI_LINK_REVOKED);
  g_assert_cmpint (get_link (get_link (top->children, 1)->children, 0)->state, ==, DMS_CLI_LINK_CUT_OFF);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli-text/safe", test_safe);
  g_test_add_func ("/cli-text/time", test_time);
  g_test_add_func ("/cli-text/iso8601", test_iso8601);
  g_test_add_func ("/cli-text/styled", test_styled);
  g_test_add_func ("/cli-link/trees", test_trees);
  return g_test_run ();
}
