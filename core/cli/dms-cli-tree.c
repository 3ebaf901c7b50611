/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-tree.h"

#include <dms.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/dms-cli-link.h"
#include "cli/dms-cli-names.h"
#include "cli/dms-cli-text.h"

#define USUAL_WIDTH 80
#define LEAST_WIDTH 40
#define MOST_WIDTH 120
/* Deeper chains go on at the same place; nobody could follow them anyway. */
#define MOST_INDENT 40

typedef struct {
  DmsCliCall *call;
  DmsCliNames *names;
  guint64 now_ns;
  glong width;
  const char *bold;
  const char *red;
  const char *dim;
  const char *plain;
} Printer;

static glong
get_width (FILE *out)
{
  struct winsize size;

  if (ioctl (fileno (out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return USUAL_WIDTH;

  return CLAMP (size.ws_col, LEAST_WIDTH, MOST_WIDTH);
}

static void
print_heading (Printer *self, const char *text)
{
  dms_cli_call_print (self->call, "\n%s%s%s\n", self->bold, text, self->plain);
}

/* Items one after the other, in as many lines as they need. */
static void
print_items (Printer *self, const char *indent, const char *head, const char *const *items)
{
  glong start = g_utf8_strlen (indent, -1);
  glong column = start;

  dms_cli_call_print (self->call, "%s%s", indent, head);
  column += g_utf8_strlen (head, -1);
  for (guint i = 0; items[i] != NULL; i++)
    {
      g_autofree char *item = dms_cli_text_dup_safe (items[i]);
      glong length = g_utf8_strlen (item, -1);

      if (i > 0 && column + 2 + length > self->width)
        {
          dms_cli_call_print (self->call, "\n%s", indent);
          column = start;
        }
      else if (i > 0 || head[0] != '\0')
        {
          dms_cli_call_print (self->call, "  ");
          column += 2;
        }
      dms_cli_call_print (self->call, "%s", item);
      column += length;
    }
  dms_cli_call_print (self->call, "\n");
}

/* A token may be used by its subject if there is room for one more below it. */
static char *
dup_depth (gint64 room)
{
  if (room == DMS_CLI_LINK_WITHOUT_LIMIT)
    return g_strdup (_ ("may be passed on"));
  if (room == 0)
    return g_strdup (_ ("passed on too often to be used"));
  if (room == 1)
    return g_strdup (_ ("not to be passed on"));

  return g_strdup_printf (g_dngettext (NULL, "may be passed on %d more time",
                                       "may be passed on %d more times", (gulong) (room - 1)),
                          (int) (room - 1));
}

static const char *
get_mark (DmsCliLinkState state)
{
  static const char *const marks[] = { NULL, N_ ("EXPIRED"), N_ ("REVOKED"), N_ ("NOT VALID"),
                                      N_ ("CUT OFF: what it hangs on does not count") };

  return marks[state] != NULL ? _ (marks[state]) : NULL;
}

static void
print_state (Printer *self, const char *indent, DmsCliLink *link)
{
  const char *mark = get_mark (link->state);
  g_autofree char *reason = link->reason != NULL ? dms_cli_text_dup_safe (link->reason) : NULL;

  if (mark == NULL)
    return;
  dms_cli_call_print (self->call, "%s%s%s%s%s%s\n", indent, self->red, mark,
                      link->state == DMS_CLI_LINK_INVALID ? ": " : "",
                      link->state == DMS_CLI_LINK_INVALID && reason != NULL ? reason : "", self->plain);
}

static const char *
get_time_word (DmsCliLink *link)
{
  if (link->state == DMS_CLI_LINK_EXPIRED)
    return _ ("since");

  return dms_token_get_action (link->token) == DMS_TOKEN_ACTION_REVOKE ? _ ("kept until") : _ ("until");
}

static void
print_terms (Printer *self, const char *indent, DmsCliLink *link)
{
  DmsToken *token = link->token;
  DmsDid *audience = dms_token_get_audience (token);
  g_autofree char *time = dms_cli_text_dup_time (dms_token_get_expiry_ns (token), self->now_ns);
  g_autofree char *depth = dup_depth (link->room);

  if (dms_token_get_capabilities (token)[0] != NULL)
    print_items (self, indent, "", dms_token_get_capabilities (token));
  if (dms_token_get_topics (token)[0] != NULL)
    print_items (self, indent, _ ("topics"), dms_token_get_topics (token));
  print_state (self, indent, link);
  dms_cli_call_print (self->call, "%s%s%s %s%s", indent, self->dim, get_time_word (link), time,
                      self->plain);
  if (!dms_did_is_empty (audience))
    dms_cli_call_print (self->call, "%s; %s %s%s", self->dim, _ ("only on"),
                        dms_cli_names_get (self->names, audience), self->plain);
  if (dms_token_get_action (token) == DMS_TOKEN_ACTION_DELEGATE)
    dms_cli_call_print (self->call, "%s; %s%s", self->dim, depth, self->plain);
  dms_cli_call_print (self->call, "\n");
}

/* @first, @rest: what stands before the first line of a link, and before the others. */
static void
print_link (Printer *self, DmsCliLink *link, const char *first, const char *rest)
{
  const char *stem = link->children->len > 0 ? "│ " : "  ";
  g_autofree char *indent = g_strconcat (rest, stem, NULL);
  gboolean deep = g_utf8_strlen (rest, -1) >= MOST_INDENT;

  dms_cli_call_print (self->call, "%s%s%s → %s%s\n", first, self->bold,
                      dms_cli_names_get (self->names, dms_token_get_issuer (link->token)),
                      dms_cli_names_get (self->names, dms_token_get_subject (link->token)), self->plain);
  print_terms (self, indent, link);
  for (guint i = 0; i < link->children->len; i++)
    {
      gboolean last = i + 1 == link->children->len;
      g_autofree char *branch = g_strconcat (rest, last ? "└─ " : "├─ ", NULL);
      g_autofree char *below = g_strconcat (rest, deep ? "" : last ? "   " : "│  ", NULL);

      print_link (self, g_ptr_array_index (link->children, i), branch, below);
    }
}

static void
print_trees (Printer *self, const char *heading, const char *nothing, DmsCapabilityContext *context,
             DmsTokenList *tokens)
{
  g_autoptr (GPtrArray) trees = dms_cli_link_new_trees (context, tokens, self->now_ns);

  print_heading (self, heading);
  if (trees->len == 0)
    dms_cli_call_print (self->call, "  %s%s%s\n", self->dim, nothing, self->plain);
  for (guint i = 0; i < trees->len; i++)
    print_link (self, g_ptr_array_index (trees, i), "  ", "  ");
}

static void
print_roots (Printer *self, GPtrArray *roots)
{
  print_heading (self, _ ("Allowed everything here (roots)"));
  if (roots->len == 0)
    dms_cli_call_print (self->call, "  %s%s%s\n", self->dim, _ ("nobody"), self->plain);
  for (guint i = 0; i < roots->len; i++)
    dms_cli_call_print (self->call, "  %s%s%s\n", self->bold,
                        dms_cli_names_get (self->names, g_ptr_array_index (roots, i)), self->plain);
}

static void
add_names (DmsCliNames *names, DmsTokenList *tokens)
{
  for (guint i = 0; i < dms_token_list_get_size (tokens); i++)
    {
      for (DmsToken *link = dms_token_list_get (tokens, i); link != NULL; link = dms_token_get_chain (link))
        {
          dms_cli_names_add (names, dms_token_get_issuer (link));
          dms_cli_names_add (names, dms_token_get_subject (link));
          dms_cli_names_add (names, dms_token_get_audience (link));
        }
    }
}

/**
 * dms_cli_tree_print:
 * @call: where to write
 * @name: the context's name
 * @context: what it holds
 *
 * Writes it for people.
 */
void
dms_cli_tree_print (DmsCliCall *call, const char *name, DmsCapabilityContext *context)
{
  FILE *out = dms_cli_call_get_out (call);
  gboolean styled = dms_cli_text_is_styled (out);
  g_autoptr (DmsCliNames) names = dms_cli_names_new (call);
  g_autoptr (GPtrArray) roots = dms_capability_context_dup_roots (context);
  g_autoptr (DmsTokenList) require = dms_capability_context_dup_require (context);
  g_autoptr (DmsTokenList) provide = dms_capability_context_dup_provide (context);
  g_autoptr (DmsTokenList) revoke = dms_capability_context_dup_revoke (context);
  g_autofree char *title = dms_cli_text_dup_safe (name);
  Printer self = {
    .call = call,
    .names = names,
    .now_ns = (guint64) g_get_real_time () * 1000,
    .width = get_width (out),
    .bold = styled ? "\033[1m" : "",
    .red = styled ? "\033[31m" : "",
    .dim = styled ? "\033[2m" : "",
    .plain = styled ? "\033[0m" : "",
  };

  dms_cli_names_add (names, dms_capability_context_get_did (context));
  for (guint i = 0; i < roots->len; i++)
    dms_cli_names_add (names, g_ptr_array_index (roots, i));
  add_names (names, require);
  add_names (names, provide);
  add_names (names, revoke);

  dms_cli_call_print (call, _ ("Capabilities of the context %s%s%s\n"), self.bold, title, self.plain);
  print_roots (&self, roots);
  print_trees (&self, _ ("Allowed here (require)"), _ ("nobody else"), context, require);
  print_trees (&self, _ ("Allowed elsewhere (provide)"),
               _ ("nothing; only nodes that have this DID as a root obey it"), context, provide);
  if (dms_token_list_get_size (revoke) > 0)
    print_trees (&self, _ ("Taken back (revoke)"), "", context, revoke);
  print_heading (&self, _ ("Who is who"));
  dms_cli_names_print (names, call);
}
