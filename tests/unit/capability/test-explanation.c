/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What an explanation assumes that somebody would sign is what he does sign, and is decided alike. That it
 * agrees about tokens that are there is tested with those: test-adversarial.c and tests/model. */

#include <string.h>

#include "capability/dms-explanation.h"
#include "dms-adversary.h"

typedef struct
{
  const char *name;
  /* What U holds; NULL: nothing. */
  const char *held;
  const char *capability;
  const char *topic;
  DmsCapabilityFault fault;
} Case;

static const Case cases[] = {
  { "nothing", NULL, "/dms/x", NULL, DMS_CAPABILITY_FAULT_NOT_ANCHORED },
  { "root", "R d U /dms", "/dms/x", NULL, DMS_CAPABILITY_FAULT_NONE },
  { "own", "N d U /dms", "/dms/x", NULL, DMS_CAPABILITY_FAULT_NONE },
  { "anchor", "O d U /dms", "/dms/x", NULL, DMS_CAPABILITY_FAULT_NONE },
  { "second-of-two", "O d U /public + R d U /dms", "/dms/x", NULL, DMS_CAPABILITY_FAULT_NONE },
  { "too-narrow", "R d U /dms/y", "/dms/x", NULL, DMS_CAPABILITY_FAULT_WIDENED_CAPABILITY },
  { "another-audience", "R d U /dms a=V", "/dms/x", NULL, DMS_CAPABILITY_FAULT_WIDENED_AUDIENCE },
  { "this-audience", "R d U /dms a=N", "/dms/x", NULL, DMS_CAPABILITY_FAULT_NONE },
  { "too-deep", "R d O /dms d=1 | O d U /dms", "/dms/x", NULL, DMS_CAPABILITY_FAULT_TOO_DEEP },
  { "expired", "R d U /dms x=-1", "/dms/x", NULL, DMS_CAPABILITY_FAULT_EXPIRED },
  { "forged", "R d U /dms by=M", "/dms/x", NULL, DMS_CAPABILITY_FAULT_BAD_SIGNATURE },
  { "stranger", "M d U /dms", "/dms/x", NULL, DMS_CAPABILITY_FAULT_NOT_ANCHORED },
  { "for-another", "R d B /dms", "/dms/x", NULL, DMS_CAPABILITY_FAULT_NOT_ANCHORED },
  { "broadcast", "O d U /broadcast t=/nunet", "/broadcast/x", "/nunet/x", DMS_CAPABILITY_FAULT_NONE },
  { "broadcast-without-topic", "O d U /broadcast", "/broadcast/x", "/nunet/x",
    DMS_CAPABILITY_FAULT_WIDENED_TOPIC },
  { "broadcast-below-another", "R d U /broadcast t=/nunet/y", "/broadcast/x", "/nunet/x",
    DMS_CAPABILITY_FAULT_WIDENED_TOPIC },
};

static DmsTokenList *
read_held (DmsAdversary *adversary, const Case *row)
{
  g_autofree char *text = row->held != NULL ? dms_adversary_make_list (adversary, row->held) : g_strdup ("");

  return dms_token_list_new_from_data (text, strlen (text), G_MAXSIZE, NULL);
}

/* Whether N lets U in who really holds this and really signs. */
static gboolean
is_let_in (DmsAdversary *adversary, DmsCapabilityContext *node, DmsTokenList *held, const Case *row)
{
  const char *const capabilities[] = { row->capability, NULL };
  g_autoptr (DmsCapabilityContext) user = dms_adversary_make_owner (adversary, 'U');
  g_autofree char *from = dms_adversary_dup_actor_id (adversary, 'U');
  g_autofree char *to = dms_adversary_dup_actor_id (adversary, 'N');
  guint64 expiry_ns = dms_adversary_get_now (adversary) + G_GUINT64_CONSTANT (60000000000);
  g_autoptr (GBytes) tokens = NULL;
  guint64 interaction;

  for (guint i = 0; i < dms_token_list_get_size (held); i++)
    {
      g_autoptr (DmsTokenList) one = dms_token_list_new_single (dms_token_list_get (held, i));

      /* What is not worth keeping is not kept. */
      dms_capability_context_anchor_provide (user, one, NULL);
    }
  if (row->topic != NULL)
    tokens = dms_capability_context_provide_broadcast (user, from, row->topic, expiry_ns, capabilities, NULL);
  else
    tokens = dms_capability_context_provide (user, from, to, dms_adversary_get_did (adversary, 'N'),
                                             expiry_ns,
                                             capabilities, NULL, NULL);
  interaction = dms_capability_context_consume (node, dms_adversary_get_did (adversary, 'U'), tokens, NULL);
  if (row->topic != NULL)
    return dms_capability_context_require_broadcast (node, interaction, from, row->topic, row->capability,
                                                     NULL);
  return dms_capability_context_require (node, interaction, from, to, row->capability, NULL);
}

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  g_autoptr (DmsAdversary) adversary = dms_adversary_new ();
  g_autoptr (DmsTokenList) held = read_held (adversary, row);
  g_autoptr (DmsCapabilityContext) node = dms_adversary_make_context (adversary, NULL, NULL, "R d U /dms");
  g_autoptr (DmsExplanation) explanation =
      dms_explanation_new (node, held, NULL, dms_adversary_get_did (adversary, 'U'), NULL, row->capability,
                           row->topic,
                           0, DMS_EXPLAIN_ASSUME_ISSUED);
  g_autoptr (JsonNode) json = dms_explanation_to_json (explanation);

  g_assert_cmpstr (dms_capability_fault_get_nick (dms_explanation_get_fault (explanation)), ==,
                   dms_capability_fault_get_nick (row->fault));
  g_assert_cmpint (dms_explanation_is_allowed (explanation), ==, is_let_in (adversary, node, held, row));
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (json), "reason"), ==,
                   dms_capability_fault_get_nick (row->fault));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/explanation/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  return g_test_run ();
}
