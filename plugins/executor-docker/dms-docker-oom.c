/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-oom.h"

#include <string.h>

/* The count since boot, or -1 where the kernel (before 4.13) has none. */
gint64
dms_docker_oom_get_kills (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/vmstat", &text, NULL, NULL))
    return -1;
  line = strstr (text, "\noom_kill ");
  return line != NULL ? g_ascii_strtoll (line + strlen ("\noom_kill "), NULL, 10) : -1;
}

/* Tells one boot of the machine from another, as counts start anew. */
char *
dms_docker_oom_dup_boot_id (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return g_strdup ("");
  return g_strdup (g_strstrip (text));
}
