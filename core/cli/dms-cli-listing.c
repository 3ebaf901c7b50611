/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-listing.h"

#include <dms.h>
#include <string.h>

#include "cli/dms-cli-link.h"
#include "cli/dms-cli-names.h"
#include "cli/dms-cli-text.h"
#include "common/dms-json-object.h"
#include "common/dms-json-text.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)

static JsonNode *
make_did (DmsCliNames *names, DmsDid *did)
{
  JsonNode *node = json_node_alloc ();
  JsonObject *object;
  const char *context;

  if (dms_did_is_empty (did))
    return json_node_init_null (node);

  object = json_object_new ();
  context = dms_cli_names_get_context (names, did);
  json_object_set_string_member (object, "did", dms_did_get_uri (did));
  if (context != NULL)
    json_object_set_string_member (object, "context", context);
  json_node_init_object (node, object);
  json_object_unref (object);
  return node;
}

static JsonArray *
make_list (const char *const *texts)
{
  JsonArray *array = json_array_new ();

  for (; *texts != NULL; texts++)
    json_array_add_string_element (array, *texts);

  return array;
}

/* Null means for as long as one likes. */
static void
set_room (JsonObject *object, gint64 room)
{
  if (room == DMS_CLI_LINK_WITHOUT_LIMIT)
    json_object_set_null_member (object, "passes_on");
  else
    json_object_set_int_member (object, "passes_on", MAX (room - 1, 0));
}

static void
set_expiry (JsonObject *object, guint64 expiry_ns, guint64 now_ns)
{
  g_autofree char *date = dms_cli_text_dup_iso8601 (expiry_ns);
  guint64 expiry = MIN (expiry_ns, G_MAXINT64);

  json_object_set_string_member (object, "expires", date);
  json_object_set_int_member (object, "expires_in", ((gint64) expiry - (gint64) now_ns) / NS_PER_S);
}

static JsonArray *make_links (DmsCliNames *names, GPtrArray *links, guint64 now_ns);

static JsonObject *
make_link (DmsCliNames *names, DmsCliLink *link, guint64 now_ns)
{
  DmsToken *token = link->token;
  JsonObject *object = json_object_new ();
  g_autofree char *text = dms_token_to_string (token);

  json_object_set_string_member (object, "action", dms_token_action_to_string (dms_token_get_action (token)));
  json_object_set_member (object, "issuer", make_did (names, dms_token_get_issuer (token)));
  json_object_set_member (object, "subject", make_did (names, dms_token_get_subject (token)));
  json_object_set_member (object, "audience", make_did (names, dms_token_get_audience (token)));
  json_object_set_array_member (object, "capabilities", make_list (dms_token_get_capabilities (token)));
  json_object_set_array_member (object, "topics", make_list (dms_token_get_topics (token)));
  set_expiry (object, dms_token_get_expiry_ns (token), now_ns);
  set_room (object, link->room);
  json_object_set_string_member (object, "state", dms_cli_link_state_to_string (link->state));
  if (link->reason != NULL)
    json_object_set_string_member (object, "reason", link->reason);
  json_object_set_boolean_member (object, "anchored", link->anchored);
  /* As text, so that it can be handed on as it is: numbers and the order of members count in a token. */
  if (link->anchored)
    json_object_set_string_member (object, "token", text);
  json_object_set_array_member (object, "passed_on", make_links (names, link->children, now_ns));

  return object;
}

static JsonArray *
make_links (DmsCliNames *names, GPtrArray *links, guint64 now_ns)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < links->len; i++)
    json_array_add_object_element (array, make_link (names, g_ptr_array_index (links, i), now_ns));

  return array;
}

static void
set_section (JsonObject *object, const char *member, DmsCliNames *names, DmsCapabilityContext *context,
             DmsTokenList *tokens, guint64 now_ns)
{
  g_autoptr (GPtrArray) trees = dms_cli_link_new_trees (context, tokens, now_ns);

  json_object_set_array_member (object, member, make_links (names, trees, now_ns));
}

/**
 * dms_cli_listing_print:
 * @call: where to write
 * @name: the context's name
 * @context: what it holds
 * @error: return location for an error
 *
 * Writes it for programs.
 *
 * Returns: whether it could be written
 */
gboolean
dms_cli_listing_print (DmsCliCall *call, const char *name, DmsCapabilityContext *context, GError **error)
{
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  g_autoptr (DmsCliNames) names = dms_cli_names_new (call);
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (context);
  g_autoptr (DmsTokenList) require = dms_capability_context_dup_require (context);
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);
  g_autoptr (DmsTokenList) revoke = dms_capability_context_dup_revoke (context);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *compact = NULL;
  g_autofree char *text = NULL;
  JsonArray *array = json_array_new ();

  json_object_set_string_member (object, "context", name);
  json_object_set_string_member (object, "did", dms_did_get_uri (dms_capability_context_get_did (context)));
  for (guint i = 0; i < roots->len; i++)
    json_array_add_element (array, make_did (names, g_ptr_array_index (roots, i)));
  json_object_set_array_member (object, "roots", array);
  set_section (object, "require", names, context, require, now_ns);
  set_section (object, "provide", names, context, provide, now_ns);
  set_section (object, "revoke", names, context, revoke, now_ns);

  node = json_node_init_object (json_node_alloc (), object);
  compact = dms_json_node_to_text (node);
  text = dms_json_text_indent (compact, strlen (compact), 2, error);
  if (text == NULL)
    return FALSE;

  dms_cli_call_print (call, "%s\n", text);
  return TRUE;
}
