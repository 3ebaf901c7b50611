/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-shim-seccomp.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a job has no use for and an attack on the kernel has: making namespaces and mounts, kernel modules and
 * images, tracing of the kernel, keyrings, clocks, swap, raw I/O. By name, as not every machine has each. */
static const char *const refused[] = {
  "_sysctl",
  "acct",
  "add_key",
  "adjtimex",
  "bpf",
  "chroot",
  "clock_adjtime",
  "clock_adjtime64",
  "clock_settime",
  "clock_settime64",
  "create_module",
  "delete_module",
  "fanotify_init",
  "finit_module",
  "fsconfig",
  "fsmount",
  "fsopen",
  "fspick",
  "get_kernel_syms",
  "init_module",
  "ioperm",
  "iopl",
  "kcmp",
  "kexec_file_load",
  "kexec_load",
  "keyctl",
  "lookup_dcookie",
  "mount",
  "mount_setattr",
  "move_mount",
  "move_pages",
  "name_to_handle_at",
  "nfsservctl",
  "open_by_handle_at",
  "open_tree",
  "perf_event_open",
  "pivot_root",
  "process_madvise",
  "quotactl",
  "quotactl_fd",
  "reboot",
  "request_key",
  "setdomainname",
  "sethostname",
  "setns",
  "settimeofday",
  "stime",
  "swapoff",
  "swapon",
  "syslog",
  "umount",
  "umount2",
  "uselib",
  "userfaultfd",
  "ustat",
  "vhangup",
  "vm86",
  "vm86old",
};

/* Answered as unknown, so that libraries take their older way: the flags of clone3 cannot be seen by a
 * filter, and io_uring does its work past it. */
static const char *const unknown[] = {
  "clone3",
  "io_uring_enter",
  "io_uring_register",
  "io_uring_setup",
};

static const unsigned long namespaces[] = {
  CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, 0x80,
};

/* vsock reaches the hypervisor; the others are rarely used and often broken. */
static const int families[] = { AF_VSOCK, AF_ALG, AF_PACKET,    AF_KEY, AF_RDS,
                                AF_TIPC,  AF_XDP, AF_BLUETOOTH, AF_CAN };

static bool
refuse_names (scmp_filter_ctx filter, const char *const *names, size_t count, int error)
{
  for (size_t i = 0; i < count; i++)
    {
      int number = seccomp_syscall_resolve_name (names[i]);

      if (number >= 0 && seccomp_rule_add (filter, SCMP_ACT_ERRNO (error), number, 0) != 0)
        return false;
    }
  return true;
}

static bool
refuse_arguments (scmp_filter_ctx filter)
{
  static const unsigned long terminal_tricks[] = { TIOCSTI, TIOCLINUX };
  int result = 0;

  for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
    {
      result |= seccomp_rule_add (filter,
                                  SCMP_ACT_ERRNO (EPERM),
                                  SCMP_SYS (unshare),
                                  1,
                                  SCMP_A0 (SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
      /* The new time namespace shares its bit with the exit signal of clone. */
      if (namespaces[i] != 0x80)
        result |= seccomp_rule_add (filter,
                                    SCMP_ACT_ERRNO (EPERM),
                                    SCMP_SYS (clone),
                                    1,
                                    SCMP_A0 (SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
    }
  for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
    result |= seccomp_rule_add (filter,
                                SCMP_ACT_ERRNO (EAFNOSUPPORT),
                                SCMP_SYS (socket),
                                1,
                                SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) families[i]));
  for (size_t i = 0; i < 2; i++)
    result |= seccomp_rule_add (filter,
                                SCMP_ACT_ERRNO (EPERM),
                                SCMP_SYS (ioctl),
                                1,
                                SCMP_A1 (SCMP_CMP_MASKED_EQ, 0xffffffffUL, terminal_tricks[i]));
  return result == 0;
}

int
dms_shim_seccomp_open (void)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  int fd;
  bool ok;

  if (filter == NULL)
    return -1;
  fd = memfd_create ("seccomp", MFD_CLOEXEC);
  ok = fd >= 0 && seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO (ENOSYS)) == 0 &&
       seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
       refuse_names (filter, refused, sizeof refused / sizeof refused[0], EPERM) &&
       refuse_names (filter, unknown, sizeof unknown / sizeof unknown[0], ENOSYS) &&
       refuse_arguments (filter) && seccomp_export_bpf (filter, fd) == 0 && lseek (fd, 0, SEEK_SET) == 0;
  seccomp_release (filter);
  if (ok)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}
