/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-init-landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Spelt out here, as the kernel headers of the build machine may be older than the kernel of the user's. */
enum
{
  FS_EXECUTE = 1 << 0,
  FS_WRITE_FILE = 1 << 1,
  FS_READ_FILE = 1 << 2,
  FS_READ_DIR = 1 << 3,
  FS_TRUNCATE = 1 << 14,
  FS_IOCTL_DEV = 1 << 15,
  FS_ALL_ABI_1 = (1 << 13) - 1,
  FS_ALL_ABI_2 = (1 << 14) - 1,
  FS_ALL_ABI_3 = (1 << 15) - 1,
  FS_ALL_ABI_5 = (1 << 16) - 1,
  FS_FILE_ONLY = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
  SCOPE_ABSTRACT_SOCKETS = 1 << 0,
  SCOPE_SIGNALS = 1 << 1,
  RULE_PATH_BENEATH = 1,
  CREATE_RULESET_VERSION = 1,
  CALL_CREATE_RULESET = 444,
  CALL_ADD_RULE = 445,
  CALL_RESTRICT_SELF = 446,
};

typedef struct
{
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
} RulesetAttributes;

typedef struct
{
  uint64_t allowed_access;
  int32_t parent_fd;
} __attribute__ ((packed)) PathAttributes;

int
dms_init_landlock_get_abi (void)
{
  long abi = syscall (CALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);

  return abi > 0 ? (int) abi : 0;
}

static uint64_t
get_handled (int abi)
{
  if (abi >= 5)
    return FS_ALL_ABI_5;
  if (abi >= 3)
    return FS_ALL_ABI_3;
  return abi == 2 ? FS_ALL_ABI_2 : FS_ALL_ABI_1;
}

/* A path that does not exist needs no rule. */
static bool
allow (int ruleset, const char *path, uint64_t access)
{
  PathAttributes attributes = { .allowed_access = access };
  struct stat info;
  bool ok;

  attributes.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (attributes.parent_fd < 0)
    return errno == ENOENT;
  if (fstat (attributes.parent_fd, &info) == 0 && !S_ISDIR (info.st_mode))
    attributes.allowed_access &= FS_FILE_ONLY;
  ok = syscall (CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &attributes, 0) == 0;
  close (attributes.parent_fd);
  return ok;
}

bool
dms_init_landlock_restrict (char *const *writable, size_t n_writable)
{
  const int abi = dms_init_landlock_get_abi ();
  const uint64_t handled = get_handled (abi);
  RulesetAttributes attributes = { .handled_access_fs = handled };
  size_t size = sizeof attributes.handled_access_fs;
  int ruleset;
  bool ok;

  if (abi == 0)
    return true;
  if (abi >= 4)
    size = offsetof (RulesetAttributes, scoped);
  if (abi >= 6)
    {
      attributes.scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
      size = sizeof attributes;
    }
  ruleset = (int) syscall (CALL_CREATE_RULESET, &attributes, size, 0);
  if (ruleset < 0)
    return false;
  ok = allow (ruleset, "/", FS_EXECUTE | FS_READ_FILE | FS_READ_DIR) &&
       allow (ruleset,
              "/dev",
              handled & (FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)) &&
       allow (ruleset, "/proc", handled & (FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_TRUNCATE));
  for (size_t i = 0; ok && i < n_writable; i++)
    ok = allow (ruleset, writable[i], handled);
  ok = ok && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall (CALL_RESTRICT_SELF, ruleset, 0) == 0;
  close (ruleset);
  return ok;
}
