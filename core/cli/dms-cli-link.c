/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-link.h"

#include <dms.h>

static void
link_free (gpointer data)
{
  DmsCliLink *self = data;

  dms_token_unref (self->token);
  g_free (self->reason);
  g_ptr_array_unref (self->children);
  g_free (self);
}

static GPtrArray *
new_links (void)
{
  return g_ptr_array_new_with_free_func (link_free);
}

/* The least of what each token of the chain leaves below this one. */
static gint64
measure_room (DmsToken *token)
{
  gint64 room = DMS_CLI_LINK_WITHOUT_LIMIT;
  gint64 distance = 0;

  for (DmsToken *link = token; link != NULL; link = dms_token_get_chain (link))
    {
      guint64 depth = dms_token_get_depth (link);

      if (depth > 0 && depth < G_MAXINT32)
        room = MIN (room, (gint64) depth - distance);
      distance++;
    }

  return MAX (room, 0);
}

static DmsCliLinkState
judge (DmsCapabilityContext *context, DmsToken *token, guint64 now_ns, char **reason)
{
  g_autoptr (GError) error = NULL;

  if (dms_token_get_expiry_ns (token) < now_ns)
    return DMS_CLI_LINK_EXPIRED;
  if (dms_capability_context_verify (context, token, now_ns, &error))
    return DMS_CLI_LINK_VALID;

  *reason = g_strdup (error->message);
  return g_error_matches (error, DMS_ERROR, DMS_ERROR_REVOKED) ? DMS_CLI_LINK_REVOKED : DMS_CLI_LINK_INVALID;
}

static DmsCliLink *
link_new (DmsCapabilityContext *context, DmsToken *token, gboolean cut_off, guint64 now_ns)
{
  DmsCliLink *self = g_new0 (DmsCliLink, 1);

  self->token = dms_token_ref (token);
  self->children = new_links ();
  self->room = measure_room (token);
  self->state = cut_off ? DMS_CLI_LINK_CUT_OFF : judge (context, token, now_ns, &self->reason);

  return self;
}

static DmsCliLink *
find (GPtrArray *links, DmsToken *token)
{
  for (guint i = 0; i < links->len; i++)
    {
      DmsCliLink *link = g_ptr_array_index (links, i);

      if (dms_token_equal (link->token, token))
        return link;
    }

  return NULL;
}

/* Puts a chain into the trees, from its beginning, where it has no parent. */
static void
add_chain (GPtrArray *trees, DmsCapabilityContext *context, DmsToken *token, guint64 now_ns)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  GPtrArray *level = trees;
  DmsCliLink *link = NULL;

  for (DmsToken *next = token; next != NULL; next = dms_token_get_chain (next))
    g_ptr_array_insert (chain, 0, next);
  for (guint i = 0; i < chain->len; i++)
    {
      gboolean cut_off = link != NULL && link->state != DMS_CLI_LINK_VALID;
      DmsCliLink *known = find (level, g_ptr_array_index (chain, i));

      if (known == NULL)
        {
          known = link_new (context, g_ptr_array_index (chain, i), cut_off, now_ns);
          g_ptr_array_add (level, known);
        }
      link = known;
      level = link->children;
    }
  if (link != NULL)
    link->anchored = TRUE;
}

/**
 * dms_cli_link_new_trees:
 * @context: what knows the revocations
 * @tokens: anchors
 * @now_ns: now
 *
 * Returns: (transfer full) (element-type DmsCliLink): the trees of their chains
 */
GPtrArray *
dms_cli_link_new_trees (DmsCapabilityContext *context, DmsTokenList *tokens, guint64 now_ns)
{
  GPtrArray *trees = new_links ();

  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    add_chain (trees, context, dms_token_list_get (tokens, i), now_ns);

  return trees;
}

/**
 * dms_cli_link_state_to_string:
 * @state: a state
 *
 * Returns: its word in JSON
 */
const char *
dms_cli_link_state_to_string (DmsCliLinkState state)
{
  static const char *const words[] = { "valid", "expired", "revoked", "invalid", "cut-off" };

  return words[state];
}
