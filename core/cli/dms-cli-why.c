/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-why.h"

#include "cli/dms-cli-text.h"
#include "common/dms-json-object.h"

enum
{
  /* Of what the node sends, so much is shown of each list. */
  MAX_SHOWN = 64,
};

/* (transfer full): a member as it may be shown. */
static char *
dup_safe (JsonObject *object, const char *name)
{
  const char *text = dms_json_object_get_text (object, name);

  return dms_cli_text_dup_safe (text != NULL ? text : "");
}

/* The objects of a list, one after the other. */
static void
print_each (DmsCliCall *call,
            JsonObject *object,
            const char *name,
            void (*print) (DmsCliCall *call, JsonObject *item))
{
  JsonArray *list = dms_json_object_get_list (object, name);
  guint n = list != NULL ? MIN (json_array_get_length (list), MAX_SHOWN) : 0;

  for (guint i = 0; i < n; i++)
    {
      JsonObject *item = dms_json_node_get_child (json_array_get_element (list, i));

      if (item != NULL)
        print (call, item);
    }
}

static void
print_reason (DmsCliCall *call, JsonObject *item)
{
  g_autofree char *text = dup_safe (item, "text");

  dms_cli_call_print (call,
                      "  %6" G_GINT64_FORMAT "  %s\n",
                      dms_json_object_get_whole (item, "count", 0, G_MAXINT64, 0),
                      text);
}

static void
print_relaxation (DmsCliCall *call, JsonObject *item)
{
  gint64 hosts = dms_json_object_get_whole (item, "hosts", 0, G_MAXINT32, 0);
  g_autofree char *code = dup_safe (item, "code");
  g_autofree char *amount = dup_safe (item, "text");

  dms_cli_call_print (
      call,
      g_dngettext (
          NULL, "  relax %s to %s: %d host more\n", "  relax %s to %s: %d hosts more\n", (gulong) hosts),
      code,
      amount,
      (int) hosts);
}

static void
print_nearest (DmsCliCall *call, JsonObject *item)
{
  g_autofree char *peer = dup_safe (item, "peer");
  g_auto (GStrv) reasons = dms_json_object_dup_texts (item, "reasons");
  g_autofree char *joined = g_strjoinv ("; ", reasons != NULL ? reasons : (char *[]){ NULL });
  g_autofree char *safe = dms_cli_text_dup_safe (joined);

  dms_cli_call_print (call, _ ("  near: %s: %s\n"), peer, safe);
}

static void
print_page (DmsCliCall *call, JsonObject *page)
{
  JsonObject *chosen = dms_json_object_get_child (page, "chosen");
  g_autofree char *node = dup_safe (page, "node");
  gint64 offers = dms_json_object_get_whole (page, "offers", 0, G_MAXINT64, 0);

  dms_cli_call_print (call, _ ("\nNode %s\n"), node);
  if (offers > 0)
    dms_cli_call_print (call, _ ("  %6d  offered\n"), (int) offers);
  print_each (call, page, "reasons", print_reason);
  print_each (call, page, "relax", print_relaxation);
  print_each (call, page, "nearest", print_nearest);
  if (chosen != NULL)
    {
      g_autofree char *peer = dup_safe (chosen, "peer");
      g_autofree char *terms = dup_safe (chosen, "terms");

      dms_cli_call_print (call,
                          _ ("  taken: %s, cost %.2f%s%s\n"),
                          peer,
                          dms_json_object_get_number (chosen, "cost", 0, 1, 0),
                          terms[0] != '\0' ? ": " : "",
                          terms);
    }
}

/**
 * dms_cli_why_print:
 * @call: where to write
 * @why: (nullable): what the node told
 *
 * Shows it to people.
 */
void
dms_cli_why_print (DmsCliCall *call, JsonObject *why)
{
  if (why != NULL)
    print_each (call, why, "nodes", print_page);
}
