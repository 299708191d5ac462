/** What Slurm 22.05.8 printed, with the formats that are asked for, on a cluster of one node with 4 processors. */

export const SUBMITTED = "1\n";
export const SUBMITTED_ELSEWHERE = "4711;north\n";

export const SINFO = {
  idle: "vm|idle|0/4/0/4|127.0.0.1\n",
  mixed: "vm|mixed|2/2/0/4|127.0.0.1\n",
  allocated: "vm|allocated|4/0/0/4|127.0.0.1\n",
  draining: "vm|draining|2/0/2/4|127.0.0.1\n",
  drained: "vm|drained|0/0/4/4|127.0.0.1\n",
} as const;

export const SQUEUE = `3|PENDING|3|n/a|Resources
1|RUNNING|2|vm|None
2|CANCELLED|2|vm|None
8|CANCELLED|2|localhost|Priority
`;

export const STEPS = `1.0|rake-1
1.1|other
1.batch|batch
2.batch|batch
`;

export const SHOWN_STEPS: string = [
  "StepId=1.batch UserId=0 StartTime=2026-11-21T22:41:53 TimeLimit=UNLIMITED State=RUNNING Partition=all NodeList=vm " +
    "Nodes=1 CPUs=0 Tasks=1 Name=batch Network=(null) TRES=(null) ResvPorts=(null) CPUFreqReq=Default " +
    "SrunHost:Pid=(null):0",
  "StepId=1.0 UserId=0 StartTime=2026-11-21T22:41:53 TimeLimit=UNLIMITED State=RUNNING Partition=all NodeList=vm " +
    "Nodes=1 CPUs=1 Tasks=1 Name=rake-1 Network=(null) TRES=cpu=1,mem=200M,node=1 ResvPorts=(null) " +
    "CPUFreqReq=Default Dist=Block SrunHost:Pid=vm:2360",
  "StepId=1.1 UserId=0 StartTime=2026-11-21T22:41:53 TimeLimit=UNLIMITED State=RUNNING Partition=all NodeList=vm " +
    "Nodes=1 CPUs=1 Tasks=1 Name=other Network=(null) TRES=cpu=1,mem=200M,node=1 ResvPorts=(null) " +
    "CPUFreqReq=Default Dist=Block SrunHost:Pid=vm:2361",
  "StepId=5.TDB UserId=65534 StartTime=Unknown TimeLimit=UNLIMITED State=PENDING Partition=all NodeList=vm " +
    "Nodes=1 CPUs=1 Tasks=1 Name=(null) Network=(null) TRES=(null) ResvPorts=(null) CPUFreqReq=Default Dist=Unknown " +
    "SrunHost:Pid=vm:1088",
  "",
].join("\n");

export const REFUSED = `sbatch: error: invalid partition specified: no
sbatch: error: Batch job submission failed: Invalid partition name specified
`;
