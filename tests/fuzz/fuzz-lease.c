/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "dms-shim-buffer.h"
#include "dms-shim-lease.h"

/* What stands in a lease for the start of this machine, which no file of a corpus can know. */
#define BOOT "@BOOT@"

static const char *
get_boot_id (void)
{
  static char *text;

  if (text == NULL)
    {
      g_assert_true (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL));
      g_strstrip (text);
    }
  return text;
}

/* The lease of a job, as its shim reads it: what is taken for one can be waited for. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *input = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autoptr (GString) text = g_string_new (input);
  DmsShimLease lease = { 0 };
  bool torn = true;
  int timer;

  g_string_replace (text, BOOT, get_boot_id (), 1);
  if (!dms_shim_lease_parse (&lease, text->str, &torn))
    {
      g_assert_cmpint (lease.end_us, ==, 0);
      return 0;
    }
  g_assert_false (torn);
  g_assert_cmpint (lease.end_us, >, 0);
  g_assert_cmpint (lease.kill_us, >=, lease.end_us);
  timer = dms_shim_lease_open_timer ();
  g_assert_cmpint (timer, >=, 0);
  g_assert_true (dms_shim_lease_set_timer (timer, lease.end_us));
  g_assert_true (dms_shim_lease_set_timer (timer, lease.kill_us));
  close (timer);
  return 0;
}
