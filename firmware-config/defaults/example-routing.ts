/** The routing of the demonstration hospital in the box; also a beginning for a real one. */
export const exampleRouting = {
  version: 1,
  numberPlan: {
    countryCode: '86',
    areaCode: '10',
    nationalPrefix: '0',
    internationalPrefix: '00',
    shortDigitsMax: 5,
  },
  departments: [
    { id: 'emergency', names: { zh: '急诊', en: 'Emergency' } },
    { id: 'reception', names: { zh: '总机', en: 'Reception' } },
    {
      id: 'appointments',
      names: { zh: '预约挂号', en: 'Appointments' },
      hours: { weekly: [{ days: [1, 2, 3, 4, 5, 6], from: '07:30', to: '18:00' }], exceptions: [] },
      closedTo: 'reception',
    },
    { id: 'fever-clinic', names: { zh: '发热门诊', en: 'Fever clinic' } },
    {
      id: 'complaints',
      names: { zh: '投诉与建议', en: 'Complaints' },
      hours: { weekly: [{ days: [1, 2, 3, 4, 5], from: '08:30', to: '17:00' }], exceptions: [] },
    },
  ],
  numbers: [
    { id: 'emergency-line', number: '+861065129120', departmentId: 'emergency', isEmergency: true },
    { id: 'emergency-inside', number: '120', departmentId: 'emergency', isEmergency: true },
    { id: 'main-line', number: '+861065129000', departmentId: 'reception' },
    { id: 'appointment-line', number: '+861065129114', departmentId: 'appointments' },
    { id: 'complaint-line', number: '+861065129315', departmentId: 'complaints' },
  ],
  keys: [
    { id: 'key-emergency', key: '1', action: { kind: 'emergency' } },
    { id: 'key-callback', key: '2', action: { kind: 'callback' } },
    { id: 'key-fever', key: '3', action: { kind: 'department', departmentId: 'fever-clinic' } },
  ],
  words: [
    {
      id: 'life-threatening',
      words: [
        ...[
          '昏迷',
          '胸痛',
          '胸口痛',
          '呼吸困难',
          '喘不过气',
          '大出血',
          '抽搐',
          '中风',
          '没有呼吸',
          '心跳停止',
        ],
        ...[
          'chest pain',
          'unconscious',
          'not breathing',
          'bleeding heavily',
          'stroke',
          'seizure',
          'overdose',
        ],
      ],
      action: { kind: 'emergency' },
    },
    {
      id: 'fever',
      words: ['发热', '发烧', '高烧', 'fever'],
      action: { kind: 'department', departmentId: 'fever-clinic' },
    },
    {
      id: 'complaint',
      words: ['投诉', 'complaint'],
      action: { kind: 'department', departmentId: 'complaints' },
    },
  ],
  outbound: [{ id: 'all', number: '+*', trunkIds: ['main', 'backup'] }],
};
