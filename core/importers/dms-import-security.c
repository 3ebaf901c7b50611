/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-security.h"

#include <string.h>

/* Nothing that a container starts can have more rights than the container; a privileged one has all. */
static gboolean
is_met (const char *option, gboolean privileged)
{
  static const char name[] = "no-new-privileges";
  const char *value = g_str_has_prefix (option, name) ? option + strlen (name) : NULL;

  if (value == NULL || privileged)
    return FALSE;
  return *value == '\0' || strcmp (value, ":true") == 0 || strcmp (value, "=true") == 0;
}

static void
note_option (DmsImportReader *reader,
             const char *key,
             DmsJobNode *item,
             const char *suffix,
             gboolean privileged)
{
  const char *option = dms_job_node_get_text (item);

  if (is_met (option, privileged))
    dms_import_reader_note_item (
        reader, key, item, suffix, DMS_IMPORT_TRANSLATED, "it is so for all jobs that are not privileged");
  else if (g_str_has_prefix (option, "no-new-privileges"))
    dms_import_reader_note_item (reader,
                                 key,
                                 item,
                                 suffix,
                                 DMS_IMPORT_IMPOSSIBLE,
                                 "%s",
                                 privileged ? "privileged jobs may gain privileges; leave one of both out"
                                            : "no job gains privileges unless it is privileged");
  else
    dms_import_reader_note_item (
        reader, key, item, suffix, DMS_IMPORT_IMPOSSIBLE, "the machine's own profile is used");
}

void
dms_import_security_note_options (DmsImportReader *reader, const char *key, gboolean privileged)
{
  DmsJobNode *list = dms_import_reader_get (reader, key);

  if (list == NULL)
    return;
  if (dms_job_node_is_scalar (list))
    note_option (reader, key, list, "", privileged);
  else if (dms_import_reader_get_list (reader, key) != NULL)
    {
      for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
        {
          DmsJobNode *item = dms_job_node_get_item (list, i);
          g_autofree char *suffix = g_strdup_printf ("[%u]", i);

          if (dms_job_node_is_scalar (item))
            note_option (reader, key, item, suffix, privileged);
          else
            dms_import_reader_note_item (
                reader, key, item, suffix, DMS_IMPORT_IMPOSSIBLE, "must be a text; it was left out");
        }
    }
}
