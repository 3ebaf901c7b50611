/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-init-config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
add (DmsInitList *list, char *item)
{
  list->items = realloc (list->items, (list->count + 2) * sizeof (char *));
  if (list->items == NULL)
    _exit (70);
  list->items[list->count++] = item;
  list->items[list->count] = NULL;
}

static bool
take (DmsInitConfig *self, char kind, char *value)
{
  switch (kind)
    {
    case DMS_INIT_ARGUMENT:
      add (&self->args, value);
      return true;
    case DMS_INIT_DIRECTORY:
      self->directory = value;
      return true;
    case DMS_INIT_ENVIRONMENT:
      add (&self->env, value);
      return true;
    case DMS_INIT_DATA_LIMIT:
      self->data_limit = strtoull (value, NULL, 10);
      return true;
    case DMS_INIT_PROCESS_LIMIT:
      self->process_limit = strtoull (value, NULL, 10);
      return true;
    case DMS_INIT_SCRIPT:
      add (&self->scripts, value);
      return true;
    case DMS_INIT_WRITABLE:
      add (&self->writable, value);
      return true;
    default:
      return false;
    }
}

bool
dms_init_config_parse (DmsInitConfig *self, char *bytes, size_t length)
{
  size_t at = 0;

  memset (self, 0, sizeof *self);
  if (length == 0 || bytes[length - 1] != '\0')
    return false;
  while (at < length)
    {
      size_t size = strlen (bytes + at);

      if (size == 0 || !take (self, bytes[at], bytes + at + 1))
        return false;
      at += size + 1;
    }
  return self->args.count > 0;
}
